"""Masks for true boxes, made offline: who gets which, and what is written."""

import json

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask
from toy_condinst import build_condinst
from toy_data import write_json
from toy_mask_rcnn import toy_mask_rcnn

from mmssis.offline.box_masks import BoxMaskPredictor, read_true_boxes, write_box_masks
from mmssis.offline.shards import ShardWriter
from mmssis.offline.tta_views import View

VIEW = View((96, 64))
# Of an image of 64 x 96 pixels, seen as it is.
LEFT, RIGHT, FREE = [8., 8., 40., 40.], [48., 16., 88., 56.], [0., 48., 16., 64.]


def predictor_of(boxes, scores, logits, monkeypatch):
    """A predictor whose model says this of any image, in pixels of the view."""
    predictor = BoxMaskPredictor(build_condinst(), VIEW)
    found = InstanceData(
        metainfo=dict(input_shape=(64, 96)), labels=torch.zeros(len(boxes), dtype=torch.long),
        class_scores=torch.tensor(scores), bboxes=torch.tensor(boxes), mask_logits=logits)
    monkeypatch.setattr(predictor, 'candidates', lambda *batch: [found])
    return predictor


def test_each_true_box_gets_the_best_mask_cut_to_it(monkeypatch):
    """The second prediction is worse; the mask of the first goes beyond its box everywhere."""
    wide = torch.full((2, 16, 24), 5.0)
    wide[0, :, 6:] = -5.0  # nothing to the right of x = 24
    predictor = predictor_of([LEFT, LEFT], [0.9, 0.8], wide, monkeypatch)
    true = torch.tensor([RIGHT, LEFT, FREE]), torch.tensor([1, 2, 0])
    found = predictor(np.zeros((64, 96, 3), np.uint8), true)
    assert found.boxes.tolist() == [RIGHT, LEFT, FREE] and found.labels.tolist() == [1, 2, 0]
    assert found.scores.tolist() == pytest.approx([0.0, 0.9, 0.0])
    mask = found.mask_probs > 0.5
    assert not mask[[0, 2]].any()
    # From x = 8 to 24 of a box that ends at 40: the left half of its grid.
    assert mask[1].float().mean().item() == pytest.approx(0.5, abs=0.02) and mask[1, :, :54].all()


def test_a_model_finds_nothing_in_an_image_without_boxes():
    predictor = BoxMaskPredictor(build_condinst(), VIEW)
    found = predictor(np.zeros((40, 60, 3), np.uint8),
                      (torch.zeros(0, 4), torch.zeros(0, dtype=torch.long)))
    assert len(found) == 0


def test_another_detector_is_refused():
    with pytest.raises(TypeError, match='--boxes needs a CondInst.* got a WeightedMaskRCNN'):
        BoxMaskPredictor(MODELS.build(toy_mask_rcnn()), VIEW)


def test_files(tmp_path, monkeypatch):
    """Crowd regions stay out; a box without a mask stays in, with its area and an empty mask."""
    def annotation(number, box, image=7, **fields):
        x1, y1, x2, y2 = box
        return dict(dict(id=number, image_id=image, category_id=5, iscrowd=0,
                         bbox=[x1, y1, x2 - x1, y2 - y1]), **fields)

    write_json(tmp_path / 'boxes.json', dict(
        images=[dict(id=i, file_name=f'{i}.png', height=64, width=96) for i in (7, 9)],
        annotations=[annotation(1, LEFT), annotation(2, RIGHT, category_id=3),
                     annotation(3, FREE, iscrowd=1)],
        categories=[dict(id=3, name='cat'), dict(id=5, name='dog')]))
    true = read_true_boxes(tmp_path / 'boxes.json', None, ('cat', 'dog'))
    assert [info['file_name'] for info in true.infos] == ['7.png', '9.png']
    assert true.boxes[7][0].tolist() == [LEFT, RIGHT] and true.boxes[7][1].tolist() == [1, 0]
    assert len(true.boxes[9][0]) == 0

    predictor = predictor_of([LEFT], [0.9], torch.full((1, 16, 24), 5.0), monkeypatch)
    with ShardWriter(tmp_path / 'predictions', 0) as writer:
        for info in true.infos:
            writer.write(dict(info, height=64, width=96),
                         predictor(np.zeros((64, 96, 3), np.uint8), true.boxes[info['id']]))
    assert write_box_masks(tmp_path / 'predictions', tmp_path / 'out.json', true.categories,
                           dict(config='c')) == (2, 1)
    content = json.loads((tmp_path / 'out.json').read_text())
    left, right = content['annotations']
    assert (left['bbox'], left['category_id'], left['area']) == ([8.0, 8.0, 32.0, 32.0], 5, 1024)
    mask = coco_mask.decode(left['segmentation'])
    assert mask[8:40, 8:40].all() and mask.sum() == 1024
    assert (right['bbox'], right['category_id'], right['area']) == ([48., 16., 40., 40.], 3, 1600)
    assert coco_mask.area(right['segmentation']) == 0
    assert content['categories'] == true.categories and len(content['images']) == 2
