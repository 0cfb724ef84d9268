"""Thresholding before upsampling gives what the released order of work gives, pixel by pixel."""

import pytest
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from reference.released_pipeline import released_pseudo_labels

from mmssis.models.mask2former import Mask2FormerCandidates
from mmssis.ops import mask_uncertainty


def teacher_outputs(seed, num_queries=100, num_classes=8, size=(24, 32)):
    """Discs of every size and sharpness; sure, doubtful and no-object queries."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(shape, generator=generator)

    cls_logits = torch.randn(num_queries, num_classes + 1, generator=generator)
    winners = torch.randint(num_classes + 1, (num_queries, ), generator=generator)
    cls_logits[torch.arange(num_queries), winners] += uniform(0, 9, num_queries)
    y, x = (torch.arange(n, dtype=torch.float32) for n in size)
    centre_y, centre_x = (uniform(0, n, num_queries, 1, 1) for n in size)
    distance = ((x - centre_x) ** 2 + (y[:, None] - centre_y) ** 2).sqrt()
    # From masks without a pixel to half the image, from blurred to sharp.
    radius, sharpness = uniform(-1, 10, num_queries, 1, 1), uniform(0.3, 6, num_queries, 1, 1)
    noise = 0.2 * torch.randn(num_queries, *size, generator=generator)
    return cls_logits, sharpness * (radius - distance) + noise


def our_pseudo_labels(cls_logits, mask_logits, input_shape, class_thr, mask_thr, min_area):
    candidates = Mask2FormerCandidates.from_logits(cls_logits, mask_logits, input_shape)
    ddtf = MODELS.build(dict(type='DualThresholdFilter', class_thr=class_thr, mask_thr=mask_thr,
                             min_area=min_area))
    result, = ddtf([candidates], None)
    return result[result.class_scores.argsort(descending=True)]


@pytest.mark.parametrize('seed, class_thr, mask_thr, min_area', [
    pytest.param(0, 0.85, 0.9, 5, id='paper'),
    pytest.param(1, 0.51, 0.9, 5, id='class_thr just above a half'),
    pytest.param(2, 0.7, 0.0, 0, id='any mask that is not empty'),
    pytest.param(3, 0.7, 0.95, 300, id='sharp and large'),
])
def test_same_pseudo_labels(seed, class_thr, mask_thr, min_area):
    cls_logits, mask_logits = teacher_outputs(seed)
    settings = ((96, 128), class_thr, mask_thr, min_area)
    released = released_pseudo_labels(cls_logits, mask_logits, *settings)
    ours = our_pseudo_labels(cls_logits, mask_logits, *settings)
    assert 5 < len(ours) < len(cls_logits)
    assert torch.equal(ours.labels, released['labels'])
    assert torch.equal(ours.masks, released['masks'].bool())
    assert torch.allclose(ours.class_scores, released['class_scores'], rtol=0, atol=1e-6)
    # The released denominator has 1e-6 of a pixel more.
    assert torch.allclose(ours.mask_scores, released['mask_scores'], rtol=0, atol=1e-5)
    upsampled = F.interpolate(ours.mask_logits[None], (96, 128), mode='bilinear',
                              align_corners=False)[0]
    assert torch.allclose(mask_uncertainty(upsampled), released['uncertainty'], atol=1e-6)


@pytest.mark.parametrize('outputs, input_shape', [
    pytest.param(teacher_outputs(10, num_queries=5), (96, 128), id='fewer scores than top-k'),
    pytest.param(teacher_outputs(11, num_classes=1), (96, 128), id='one class'),
    pytest.param(teacher_outputs(12), (97, 130), id='size that is no multiple of the stride'),
])
def test_same_pseudo_labels_of_unusual_outputs(outputs, input_shape):
    released = released_pseudo_labels(*outputs, input_shape, 0.6, 0.7, 5)
    ours = our_pseudo_labels(*outputs, input_shape, 0.6, 0.7, 5)
    assert len(ours) > 0
    assert torch.equal(ours.labels, released['labels'])
    assert torch.equal(ours.masks, released['masks'].bool())
    assert torch.allclose(ours.mask_scores, released['mask_scores'], rtol=0, atol=1e-5)


def test_each_threshold_decides_about_some_query():
    """Otherwise the comparison above would hold for a filter that lacks one."""
    outputs = teacher_outputs(0)
    strict = (0.85, 0.9, 300)
    kept = len(our_pseudo_labels(*outputs, (96, 128), *strict))
    for position in range(3):
        loose = tuple(0 if i == position else thr for i, thr in enumerate(strict))
        assert len(our_pseudo_labels(*outputs, (96, 128), *loose)) > kept


def test_below_a_half_the_released_code_repeats_a_query():
    """The one known difference: two classes of one query pass, as two instances of one mask."""
    cls_logits = torch.tensor([[2.0, 2.0, 0.0, 0.0]])
    mask_logits = torch.full((1, 8, 8), 5.0)
    released = released_pseudo_labels(cls_logits, mask_logits, (32, 32), 0.4, 0.9, 5)
    ours = our_pseudo_labels(cls_logits, mask_logits, (32, 32), 0.4, 0.9, 5)
    assert sorted(released['labels'].tolist()) == [0, 1] and ours.labels.tolist() == [0]
