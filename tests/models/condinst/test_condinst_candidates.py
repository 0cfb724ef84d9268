"""Candidates of a CondInst: mmdet's detections, undecided, with masks at stride 4."""

import pytest
import torch
from mmdet.registry import MODELS
from toy_condinst import PLAIN, build_condinst
from toy_mask_rcnn import images_of, sample_of

from mmssis.structures import resolve_masks


def candidates_of(teacher, num=2, **settings):
    adapter = MODELS.build(dict(type='CondInstCandidates', **settings))
    return adapter(teacher.eval(), images_of(num), [sample_of(()) for _ in range(num)])


@pytest.mark.parametrize('settings', [
    pytest.param({}, id='weighted'),
    pytest.param(dict(PLAIN, mask_channels=8, num_params=169), id="mmdet's own"),
    pytest.param(dict(num_classes=1), id='one class'),
])
def test_candidates_are_mmdets_detections(settings):
    teacher = build_condinst(**settings)
    candidates = candidates_of(teacher, max_per_img=10)
    with torch.no_grad():
        samples = teacher.predict(images_of(2), [sample_of(()), sample_of(())], rescale=False)
    for ours, sample in zip(candidates, samples):
        expected = sample.pred_instances
        assert len(ours) == len(expected) > 0 and ours.input_shape == (64, 64)
        assert torch.equal(ours.labels, expected.labels)
        assert torch.equal(ours.bboxes, expected.bboxes)
        assert torch.allclose(ours.class_scores, expected.scores.sqrt())
        assert (ours.class_scores.diff() <= 0).all()
        assert ours.mask_logits.shape == (len(ours), 16, 16)
        assert set(ours.keys()) == {'labels', 'bboxes', 'class_scores', 'mask_logits'}
        assert not any(value.requires_grad for _, value in ours.items())
        masks = resolve_masks(ours).masks
        assert masks.shape == expected.masks.shape == (len(ours), 64, 64)


def test_settings_replace_those_of_the_teacher():
    teacher = build_condinst()
    before = dict(teacher.bbox_head.test_cfg)
    assert [len(image) for image in candidates_of(teacher, max_per_img=3)] == [3, 3]
    for instances in candidates_of(teacher, score_thr=1.0):
        assert instances.mask_logits.shape == (0, 16, 16) and instances.bboxes.shape == (0, 4)
        assert resolve_masks(instances).masks.shape == (0, 64, 64)
    assert len(candidates_of(teacher, score_thr=0.0)[0]) > 10
    assert dict(teacher.bbox_head.test_cfg) == before


def test_wrong_settings():
    for settings, message in [
            (dict(score_thr=1.1), 'score_thr = 1.1'),  # threshold above 1
            (dict(score_thr=float('nan')), 'score_thr = nan'),  # no number
            (dict(max_per_img=0), 'max_per_img = 0'),  # no candidate
    ]:
        with pytest.raises(ValueError, match=message):
            MODELS.build(dict(type='CondInstCandidates', **settings))
