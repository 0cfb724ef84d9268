"""Candidates of a K-Net: every kernel once, undecided, at stride 4."""

import torch
import torch.nn.functional as F
from mmdet.registry import MODELS

from mmssis.models.knet.kernels import Kernels
from mmssis.structures import resolve_masks


class Teacher:
    """The two methods that the adapter needs, with a given last stage."""

    def __init__(self, stage):
        self.stage = stage

    def extract_feat(self, images):
        return images

    def run_stages(self, features):
        return None, [None, self.stage]


def stage_of(images=2, kernels=5, classes=3, with_iou=True, dtype=torch.float32):
    return Kernels(torch.zeros(images, kernels, 4), torch.randn(images, kernels, 8, 12).to(dtype),
                   torch.randn(images, kernels, classes).to(dtype),
                   torch.randn(images, kernels).to(dtype) if with_iou else None)


def candidates_of(stage):
    images = torch.zeros(len(stage.cls_logits), 3, 64, 96)
    return MODELS.build(dict(type='KNetCandidates'))(Teacher(stage), images, [])


def test_every_kernel_is_one_candidate_under_its_best_class_in_float32_at_stride_4():
    stage = stage_of(dtype=torch.float16)
    candidates = candidates_of(stage)
    stage = type(stage)(*(value.float() for value in stage))
    assert [len(instances) for instances in candidates] == [5, 5]
    for i, instances in enumerate(candidates):
        probs = instances.class_probs
        assert torch.allclose(probs, stage.cls_logits[i].sigmoid())
        assert torch.equal(instances.labels, probs.argmax(1))
        assert torch.equal(instances.class_scores, probs.max(1)[0])
        assert torch.allclose(instances.mask_scores, stage.iou_logits[i].sigmoid())
        masks = F.interpolate(stage.mask_logits[i][None], scale_factor=2, mode='bilinear')[0]
        assert instances.mask_logits.shape == (5, 16, 24) and instances.input_shape == (64, 96)
        assert torch.allclose(instances.mask_logits, masks)
        assert set(instances.keys()) == {'labels', 'class_probs', 'class_scores', 'mask_logits',
                                         'query_inds', 'mask_scores'}


def test_predicted_mask_scores_are_kept_and_others_computed():
    kept = candidates_of(stage_of())[0]
    scores = kept.mask_scores.clone()
    assert torch.equal(resolve_masks(kept).mask_scores, scores)
    computed = candidates_of(stage_of(with_iou=False))[0]
    assert 'mask_scores' not in computed
    assert resolve_masks(computed).mask_scores.shape == (5, )
    assert computed.masks.shape == (5, 64, 96)
