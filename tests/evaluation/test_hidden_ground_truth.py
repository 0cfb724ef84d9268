"""Hidden ground truth in the view that the teacher saw."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmssis.evaluation import HiddenGroundTruth
from mmssis.evaluation.hidden_ground_truth import rasterise
from mmssis.utils.coco_file import CocoRle

LEFT_SQUARE = [[0, 0, 8, 0, 8, 8, 0, 8]]
CPU = torch.device('cpu')


def annotation(category_id, segmentation, **extra):
    return dict(id=category_id, image_id=7, category_id=category_id, bbox=[0, 0, 8, 8],
                segmentation=segmentation, **extra)


TREE = annotation(9, LEFT_SQUARE)


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


def test_masks_move_with_the_view(write_json):
    hidden = HiddenGroundTruth(write_json(annotation(5, LEFT_SQUARE)), ('cat', 'dog'))

    def seen(matrix, shape):
        return hidden.in_view(view(homography_matrix=np.array(matrix)), shape, 4, CPU)[0].masks

    flipped = seen([[-1, 0, 32], [0, 1, 0], [0, 0, 1]], (16, 32))
    assert flipped[0].any(0).nonzero().flatten().tolist() == [6, 7]
    doubled_and_padded = seen(np.diag([2, 2, 1]), (34, 66))
    assert doubled_and_padded.shape == (1, 9, 17) and doubled_and_padded.sum() == 16
    # Instances outside the view do not count.
    assert seen([[1, 0, -16], [0, 1, 0], [0, 0, 1]], (16, 16)).shape == (0, 4, 4)


def test_crowd_and_foreign_categories_are_no_instances(write_json):
    path = write_json(annotation(5, LEFT_SQUARE, iscrowd=1), annotation(9, LEFT_SQUARE))
    truth, crowd = HiddenGroundTruth(path, ('cat', 'dog')).in_view(view(), (16, 32), 4, CPU)
    assert len(truth) == 0 and len(crowd) == 1


def test_images_are_found_by_the_end_of_their_path(write_json):
    for file_name, known in (('a.jpg', True), ('train/a.jpg', False)):
        hidden = HiddenGroundTruth(write_json(TREE, file_name=file_name), ('cat',))
        found = hidden.in_view(view(), (16, 32), 4, CPU)
        assert (found is not None) == known
        # Without annotations of a class its truth is empty.
        assert not known or [len(each) for each in found] == [0, 0]


def test_texts_as_ids_of_images(write_json):
    path = Path(write_json(annotation(5, LEFT_SQUARE)))
    path.write_text(path.read_text().replace('"image_id": 7', '"image_id": "7"'))
    with pytest.raises(ValueError, match="image_id '7' is text, the \"id\" of the image, 7"):
        HiddenGroundTruth(str(path), ('cat', ))


def test_files_that_say_nothing_about_the_classes_are_refused(write_json):
    with pytest.raises(ValueError, match='none of which is one of the classes'):
        HiddenGroundTruth(write_json(TREE), ('bird',))
    with pytest.raises(ValueError, match='has no annotations'):
        HiddenGroundTruth(write_json(), ('cat',))


def test_rasterise():
    for segmentation, area in (
            (LEFT_SQUARE, 64), ([[0, 0, 8, 8]], 0),  # a polygon of two points is nothing
            (CocoRle(size=(16, 32), counts=[0, 16, 496]), 16)):
        mask = rasterise(segmentation, 16, 32)
        assert mask.shape == (16, 32) and mask.sum() == area
