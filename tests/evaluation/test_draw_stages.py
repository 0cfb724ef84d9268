"""Pictures of stages: sizes, content, and images without instances."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmssis.evaluation import draw_stages
from mmssis.evaluation.draw_stages import TITLE_HEIGHT

IMAGE = np.full((32, 48, 3), 100, np.uint8)
CLASSES = ('cat', 'dog')


def candidates(count):
    logits = torch.full((count, 8, 12), -5.)
    logits[:, 2:6, 2:6] = 5.
    return InstanceData(
        metainfo=dict(input_shape=(32, 48)), labels=torch.ones(count, dtype=torch.long),
        class_scores=torch.linspace(0.1, 0.9, count), mask_logits=logits)


def resolved(count):
    instances = candidates(count)
    instances.masks = torch.zeros(count, 32, 48, dtype=torch.bool)
    instances.masks[:, 8:24, 8:24] = True
    instances.mask_scores = torch.ones(count)
    return instances


@pytest.mark.parametrize('count', [0, 30])
def test_one_panel_per_stage_and_the_view(count):
    stages = dict(candidates=candidates(count), DualThresholdFilter=resolved(min(count, 2)))
    picture = draw_stages(IMAGE, stages, CLASSES, panel_width=96)
    assert picture.dtype == np.uint8
    assert picture.shape == (64 + TITLE_HEIGHT + 4, 3 * (96 + 4), 3)
    cut = draw_stages(IMAGE, stages, CLASSES, img_shape=(20, 40), panel_width=40)
    assert cut.shape == (20 + TITLE_HEIGHT + 4, 3 * 44, 3), 'padding is cut off'


def test_an_instance_changes_its_panel_inside_the_mask_only():
    picture = draw_stages(IMAGE, dict(candidates=candidates(0), Filter=resolved(1)), CLASSES,
                          panel_width=48)
    empty, filtered = (picture[TITLE_HEIGHT + 2:-2, 52 * i + 2:52 * i + 50] for i in (1, 2))
    assert (empty == 100).all()
    assert (filtered[20:22, 12:20] != 100).any(-1).all()
    assert (filtered[28:] == 100).all()


def test_pixel_weights_add_a_heat_map():
    for count in (0, 2):
        instances = resolved(count)
        instances.pixel_weights = torch.rand(count, 8, 12)
        picture = draw_stages(IMAGE, dict(candidates=candidates(3), MaskUncertainty=instances),
                              CLASSES, panel_width=48)
        assert picture.shape[1] == 4 * 52


def test_a_corrected_label_is_drawn_with_the_old_one():
    instances, plain = resolved(1), resolved(1)
    instances.teacher_labels = torch.zeros(1, dtype=torch.long)
    pictures = [draw_stages(IMAGE, dict(Correction=item), CLASSES, panel_width=300)
                for item in (instances, plain)]
    assert (pictures[0] != pictures[1]).any()


@pytest.mark.parametrize('count', [0, 1])
def test_masks_and_weights_on_box_grids_are_drawn_in_their_boxes(count):
    """Mask R-CNN: 28 x 28 in a box of 16 x 16 pixels in the lower right half."""
    instances = candidates(count)
    instances.mask_logits = torch.full((count, 28, 28), 5.0)
    instances.mask_boxes = torch.tensor([[28.0, 12, 44, 28]]).expand(count, -1)
    instances.pixel_weights = torch.zeros(count, 28, 28)
    picture = draw_stages(IMAGE, dict(candidates=instances), CLASSES, panel_width=48)
    panel, heat = (picture[TITLE_HEIGHT + 2:-2, 52 * i + 2:52 * i + 50] for i in (1, 2))
    assert (panel[:10, :20] == 100).all()
    assert (panel[14:26, 30:42] != 100).any(-1).all() == (count == 1)
    red = heat[..., 0] > heat[..., 2]
    assert red[14:26, 30:42].all() == (count == 1) and not red[:, :24].any()
