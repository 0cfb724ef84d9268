"""What a region classifier says about true masks, beside open_clip's own preprocessing."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmssis.evaluation.region_classes import (RegionScores, class_probs, named, package_class_probs,
                                              region_of)
from mmssis.models.clip import ClipRegionClassifier

NAMES = ('cat', 'dog', 'car')


def test_scores_leave_out_what_the_classifier_cannot_know():
    scores = RegionScores(NAMES, torch.tensor([True, True, False]))
    third = [1 / 3] * 3
    scores.add(torch.tensor([0, 0, 1, 2]), torch.tensor(
        [[.9, .1, 0], [.2, .8, 0], third, [.9, .1, 0]]))
    summary = scores.summary()
    # One of two cats is right, the other is called a dog; about the dog there is no opinion.
    assert summary['confusion'] == [[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert (summary['regions'], summary['left_out'], summary['images']) == (3, 1, 1)
    assert (summary['precision'], summary['recall']) == ([1.0, 0.0, None], [0.5, 0.0, None])
    assert (summary['mean_precision'], summary['mean_recall']) == (0.5, 0.25)
    assert summary['accuracy'] == pytest.approx(1 / 3)
    assert named(torch.zeros(0, 3)).tolist() == []


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)


def regions(image, *boxes):
    masks = torch.zeros(len(boxes), *image.shape[:2], dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes):
        mask[y1:y2, x1:x2] = True
    return region_of(InstanceData(masks=masks), image)


def test_crops_at_the_size_of_the_network_are_those_of_open_clip(tiny_clip, image):
    """No pixel is interpolated then, so both preprocessings must give the same numbers."""
    classifier = ClipRegionClassifier(**tiny_clip, dtype='float32')
    classifier.prepare(NAMES)
    region = regions(image, (0, 0, 32, 32), (50, 20, 82, 52))
    own = class_probs(classifier, image, region)
    torch.testing.assert_close(package_class_probs(classifier, image, region), own)
    assert (own[0] - own[1]).abs().max() > 1e-3
    assert package_class_probs(classifier, image, region[:0]).shape == (0, 3)


def test_only_crops_have_a_preprocessing_of_open_clip(tiny_clip, image):
    for setting in (dict(mode='mask_pool'), dict(mask_out=True), dict(normalize=False)):
        classifier = ClipRegionClassifier(**tiny_clip, **setting)
        with pytest.raises(ValueError, match="mode='crop', mask_out=False and normalize=True"):
            package_class_probs(classifier, image, regions(image))
