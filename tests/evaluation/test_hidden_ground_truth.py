"""Hidden ground truth in the view that the teacher saw."""

import json

import numpy as np
import pytest
import torch

from mmssis.evaluation import HiddenGroundTruth
from mmssis.evaluation.hidden_ground_truth import rasterise

LEFT_SQUARE = [[0, 0, 8, 0, 8, 8, 0, 8]]
CPU = torch.device('cpu')


def annotation(category_id, segmentation, **extra):
    return dict(id=1, image_id=7, category_id=category_id, segmentation=segmentation, **extra)


@pytest.fixture
def write_json(tmp_path):
    def write(*annotations, file_name='val/a.jpg', **extra):
        content = dict(
            images=[dict(id=7, file_name=file_name, height=16, width=32)],
            annotations=list(annotations),
            categories=[dict(id=3, name='dog'), dict(id=5, name='cat'), dict(id=9, name='tree')],
            **extra)
        path = tmp_path / 'hidden.json'
        path.write_text(json.dumps(content))
        return str(path)
    return write


def view(**meta):
    return dict(img_path='/data/images/val/a.jpg', **meta)


def test_labels_follow_the_names_of_the_classes(write_json):
    hidden = HiddenGroundTruth(write_json(annotation(5, LEFT_SQUARE)), ('cat', 'dog'))
    truth, crowd = hidden.in_view(view(), (16, 32), 4, CPU)
    assert truth.labels.tolist() == [0]
    assert truth.masks.shape == (1, 4, 8)
    assert truth.masks[0].nonzero().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert len(crowd) == 0


def test_a_flip_moves_masks_exactly(write_json):
    hidden = HiddenGroundTruth(write_json(annotation(5, LEFT_SQUARE)), ('cat', 'dog'))
    flip = np.array([[-1, 0, 32], [0, 1, 0], [0, 0, 1]])
    truth, _ = hidden.in_view(view(homography_matrix=flip), (16, 32), 4, CPU)
    assert truth.masks[0].any(0).nonzero().flatten().tolist() == [6, 7]


def test_resize_and_padding(write_json):
    hidden = HiddenGroundTruth(write_json(annotation(5, LEFT_SQUARE)), ('cat', 'dog'))
    double = np.diag([2, 2, 1])
    truth, _ = hidden.in_view(view(homography_matrix=double), (34, 66), 4, CPU)
    assert truth.masks.shape == (1, 9, 17)
    assert truth.masks[0].sum() == 16


def test_instances_outside_the_view_do_not_count(write_json):
    hidden = HiddenGroundTruth(write_json(annotation(5, LEFT_SQUARE)), ('cat', 'dog'))
    crop = np.array([[1, 0, -16], [0, 1, 0], [0, 0, 1]])
    truth, _ = hidden.in_view(view(homography_matrix=crop), (16, 16), 4, CPU)
    assert len(truth) == 0 and truth.masks.shape == (0, 4, 4)


def test_crowd_and_foreign_categories_are_no_instances(write_json):
    path = write_json(annotation(5, LEFT_SQUARE, iscrowd=1), annotation(9, LEFT_SQUARE))
    truth, crowd = HiddenGroundTruth(path, ('cat', 'dog')).in_view(view(), (16, 32), 4, CPU)
    assert len(truth) == 0 and len(crowd) == 1


def test_an_image_without_annotations_has_empty_truth(write_json):
    truth, crowd = HiddenGroundTruth(write_json(), ('cat',)).in_view(view(), (16, 32), 4, CPU)
    assert len(truth) == 0 and len(crowd) == 0


@pytest.mark.parametrize('file_name, known', [
    pytest.param('a.jpg', True, id='base name'),
    pytest.param('val/a.jpg', True, id='folder and name'),
    pytest.param('train/a.jpg', False, id='another folder'),
    pytest.param('aa.jpg', False, id='another name'),
])
def test_images_are_found_by_the_end_of_their_path(write_json, file_name, known):
    hidden = HiddenGroundTruth(write_json(file_name=file_name), ('cat',))
    assert (hidden.in_view(view(), (16, 32), 4, CPU) is not None) == known


def test_no_common_category_is_an_error(write_json):
    with pytest.raises(ValueError, match='none of which is one of the classes'):
        HiddenGroundTruth(write_json(), ('bird',))


def test_a_file_without_annotations_is_an_error(tmp_path):
    path = tmp_path / 'images.json'
    path.write_text(json.dumps(dict(images=[], categories=[])))
    with pytest.raises(ValueError, match='annotations'):
        HiddenGroundTruth(str(path), ('cat',))


@pytest.mark.parametrize('segmentation, area', [
    pytest.param(LEFT_SQUARE, 64, id='polygon'),
    pytest.param([[0, 0, 8, 8]], 0, id='a polygon of two points is nothing'),
    pytest.param(dict(size=[16, 32], counts=[0, 16, 496]), 16, id='uncompressed RLE'),
])
def test_rasterise(segmentation, area):
    mask = rasterise(segmentation, 16, 32)
    assert mask.shape == (16, 32) and mask.sum() == area
