"""Where the weights of pixels are taken."""

import pytest
import torch
from mmengine.structures import InstanceData

from mmssis.ops import sample_points
from mmssis.structures import pixel_weights_at, weighs_pixels

LOGITS = torch.tensor([[[-4.0, 4.0]]])


@pytest.mark.parametrize('fields, expected', [
    pytest.param(dict(pixel_logits=LOGITS), [0.0, 0.761594, 0.964028],
                 id='PL-DC Eq. 10 at the logits 0, -2 and 4 of the points'),
    pytest.param(dict(pixel_weights=torch.tensor([[[0.2, 0.6]]])), [0.4, 0.3, 0.6],
                 id='weights are interpolated themselves'),
    pytest.param(dict(pixel_logits=LOGITS, pixel_weights=torch.tensor([[[0.2, 0.6]]])),
                 [0.0, 0.228478, 0.578417], id='both: their product'),
])
def test_certainty_is_taken_at_the_points(fields, expected):
    """Two cells with centres at x = 1/4 and 3/4; taken before, 1 - u would be 0.964 throughout."""
    points = torch.tensor([[[0.5, 0.5], [0.375, 0.5], [0.75, 0.5]]])
    instances = InstanceData(labels=torch.zeros(1), **fields)
    weights = pixel_weights_at(instances, lambda maps: sample_points(
        maps, points, torch.tensor([0]), border=True))
    assert weights[0].tolist() == pytest.approx(expected, abs=1e-6) and weighs_pixels(instances)


def test_no_field_no_weights():
    instances = InstanceData(labels=torch.zeros(2))
    assert pixel_weights_at(instances, lambda maps: maps) is None and not weighs_pixels(instances)
