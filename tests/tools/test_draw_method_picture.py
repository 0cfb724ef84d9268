"""The README's picture: panels, notes, choice of images and the file."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from PIL import Image

TOOLS = Path(__file__).parents[2] / 'tools' / 'analysis_tools'
CLASSES = ('disc', 'square')


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    import draw_method_picture
    return draw_method_picture


def instances(labels, masks, **fields):
    count = len(labels)
    return InstanceData(labels=torch.tensor(labels), masks=torch.stack(masks),
                        class_scores=torch.linspace(0.9, 0.5, count), **fields)


@pytest.fixture
def row(tool):
    """Two candidates, of which the filter keeps one, whose class is corrected."""
    left, right = torch.zeros(16, 16, dtype=torch.bool), torch.zeros(16, 16, dtype=torch.bool)
    left[2:14, 1:7], right[4:12, 9:15] = True, True
    teacher = torch.tensor([0])
    weights = torch.ones(1, 4, 4)
    weights[:, 0] = 0.1
    stages = dict(
        candidates=instances([0, 0], [left, right]),
        ddtf=instances([0], [left]),
        dicc=instances([1], [left], teacher_labels=teacher),
        pmua=instances([1], [left], teacher_labels=teacher, pixel_weights=weights))
    return tool.Row(np.full((16, 16, 3), 90, np.uint8), stages, instances([1], [left]))


def test_each_panel_says_what_the_stage_did(tool, row):
    panels = sys.modules['method_picture'].panels_of(row, CLASSES, 64, max_candidates=5)
    assert [panel.note for panel in panels] == [
        'no label', 'best 2 of 2', '1 kept', 'disc → square', 'bright: counts less', '1 instance']
    assert all(panel.image.shape == (64, 64, 3) for panel in panels)
    view, candidates, kept, corrected, uncertain, truth = (panel.image for panel in panels)
    assert (view == 90).all()
    assert (candidates[32, 48] != 90).any() and (kept[32, 48] == 90).all()  # the dropped one
    assert (corrected == 255).all(2).any() and not (truth == 255).all(2).any()  # the white rim
    assert uncertain[2].mean() > 2 * uncertain[60].mean()


def test_images_with_wrong_pseudo_labels_are_not_chosen(tool, row):
    assert tool.interest(row) == (2, 1)
    for truth in (instances([0], [row.truth.masks[0]]), instances([1], [~row.truth.masks[0]])):
        assert tool.interest(row._replace(truth=truth)) == (0, 0)


def test_picture_has_a_row_per_image_without_pseudo_labels_too(tool, row, tmp_path):
    nothing = row._replace(stages={name: stage[:0] for name, stage in row.stages.items()})
    for name in ('a.png', 'a.jpg'):
        tool.save(tool.draw_picture([row, nothing], CLASSES, size=100), tmp_path / 'new' / name)
        width, height = Image.open(tmp_path / 'new' / name).size
        assert width == 6 * 108 + 8 and 200 < height < 400
