"""Threshold filters: what passes, in which order, at which cost."""

import pytest
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

from mmssis.models.mask2former import Mask2FormerCandidates
from mmssis.structures import pixel_weights_at


def candidates(class_scores, mask_levels, size=8, num_classes=3):
    """Candidates whose mask logits are constant on a square of half the width."""
    n = len(class_scores)
    logits = torch.full((n, size, size), -6.0)
    for i, level in enumerate(mask_levels):
        logits[i, :size // 2, :size // 2] = torch.logit(torch.tensor(level))
    scores = torch.tensor(class_scores)
    probs = torch.zeros(n, num_classes)
    probs[:, 0] = scores
    return InstanceData(
        metainfo=dict(input_shape=(4 * size, 4 * size)), labels=torch.zeros(n, dtype=torch.long),
        class_scores=scores, class_probs=probs, mask_logits=logits)


CLASS, MASK = [0.95, 0.95, 0.8, 0.8], [0.97, 0.7, 0.97, 0.7]


@pytest.mark.parametrize('cfg, kept', [
    pytest.param(dict(type='DualThresholdFilter'), [0], id='both must be good'),
    pytest.param(dict(type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0), [0, 1, 2, 3],
                 id='zero lets all pass'),
    pytest.param(dict(type='DualThresholdFilter', class_thr=0.95, mask_thr=0.0), [0, 1],
                 id='at the threshold passes'),
    pytest.param(dict(type='CoupledThresholdFilter', score_thr=0.75), [0, 2],
                 id='a sure mask makes up for a doubtful class'),
    pytest.param(dict(type='ClassThresholdFilter', class_thr=0.9), [0, 1],
                 id='masks are not read'),
    pytest.param(dict(type='ClassThresholdFilter', class_thr=0.0, min_area=10 ** 6), [],
                 id='too small'),
    pytest.param(dict(type='AdaptiveThresholdFilter', num_classes=3), [0],
                 id='adaptive starts at its upper bounds'),
])
def test_what_passes(cfg, kept):
    instances = candidates(CLASS, MASK)
    result, = MODELS.build(cfg).eval()([instances], None)
    expected = [CLASS[i] for i in kept]
    assert result.class_scores.tolist() == pytest.approx(expected)
    assert result.masks.shape == (len(kept), 32, 32) and result.masks.dtype == torch.bool


@pytest.mark.parametrize('name', [
    'DualThresholdFilter', 'CoupledThresholdFilter', 'ClassThresholdFilter'])
def test_class_evidence_comes_before_any_mask_is_upsampled(name, monkeypatch):
    upsampled = []
    original = F.interpolate

    def count(x, *args, **kwargs):
        upsampled.append(len(x))
        return original(x, *args, **kwargs)

    monkeypatch.setattr(F, 'interpolate', count)
    hook = MODELS.build(dict(type=name))
    hook([candidates([0.1] * 9 + [0.99], [0.99] * 10)], None)
    assert sum(upsampled) == 1
    nothing, = hook([candidates([], [])], None)
    assert nothing.masks.shape == (0, 32, 32) and nothing.bboxes.shape == (0, 4)


def test_settings_out_of_range():
    for setting in [
            dict(class_thr=1.5),
            dict(mask_thr=-0.1),
            dict(min_area=-1),
    ]:
        with pytest.raises(ValueError, match=next(iter(setting))):
            MODELS.build(dict(type='DualThresholdFilter', **setting))


def test_adaptive_thresholds_follow_clamped_and_are_saved():
    """Released DF-ACAT drifts to 0, is not saved and differs between ranks."""
    hook = MODELS.build(dict(
        type='AdaptiveThresholdFilter', num_classes=3, momentum=0.5, class_range=(0.7, 0.85),
        instances_per_class=[4, 2, 0])).train()
    assert hook.class_thrs.tolist() == pytest.approx([0.85, 0.775, 0.7])
    hook([candidates([0.75, 0.1, 0.1], [0.95, 0.9, 0.9])], None)
    # 0.1 is below the range, hence no valid score: only 0.75 moves the threshold.
    assert hook.class_thrs.tolist() == pytest.approx([0.8, 0.775, 0.7])
    before = hook.class_thrs.clone()
    hook([candidates([], [])], None)
    assert torch.equal(hook.class_thrs, before)
    for _ in range(20):
        hook([candidates([0.71], [0.95])], None)
    assert 0.7 <= hook.class_thrs[0].item() <= 0.72
    assert {'class_thrs', 'mask_thrs'} <= hook.state_dict().keys()
    before = hook.class_thrs.clone()
    hook.eval()([candidates([0.9], [0.95])], None)
    assert torch.equal(hook.class_thrs, before)


def test_mask_uncertainty_weighs_sure_pixels_fully():
    instances = candidates([0.9], [0.999])
    instances.mask_logits[0, -1, -1] = 0.0
    result, = MODELS.build(dict(type='MaskUncertainty'))([instances], None)
    weights = pixel_weights_at(result, lambda maps: maps)
    assert weights.shape == (1, 8, 8)
    assert weights[0, -1, -1] == 0
    assert weights[0, 0, 0] == pytest.approx(0.998, abs=1e-4)


def test_gap_2_8_a_query_is_one_candidate():
    """mmdet emits a query once per class and multiplies its class and mask score."""
    logits = torch.tensor([[4.0, 4.0, 0.0, 0.0]])
    instances = Mask2FormerCandidates.from_logits(logits, torch.randn(1, 4, 4), (16, 16))
    assert len(instances) == 1 and instances.class_probs.shape == (1, 3)
    assert instances.class_scores.item() == pytest.approx(logits.softmax(-1)[0, 0].item())


@pytest.mark.parametrize('min_area, resolved', [
    pytest.param(0, False, id='nothing asks for full-size masks'),
    pytest.param(5, True, id='an area does'),
])
def test_predicted_mask_scores_spare_the_upsampling(min_area, resolved):
    """PAIS: the mask-IoU branch has judged the masks; mask_quality does not overrule it."""
    instances = candidates(CLASS, MASK)
    instances.mask_scores = torch.tensor([0.2, 0.4, 0.4, 0.4])
    instances.mask_logits[3] = -6.0
    hook = MODELS.build(dict(type='DualThresholdFilter', class_thr=0.35, mask_thr=0.30,
                             min_area=min_area))
    kept, = hook([instances], None)
    assert kept.mask_scores.tolist() == pytest.approx([0.4, 0.4])
    assert kept.class_scores.tolist() == pytest.approx([0.95, 0.8])
    assert ('masks' in kept) is resolved
    classes = MODELS.build(dict(type='ClassThresholdFilter', class_thr=0.9, min_area=min_area))
    kept, = classes([candidates(CLASS, MASK)], None)
    assert len(kept) == 2 and ('masks' in kept) is resolved
