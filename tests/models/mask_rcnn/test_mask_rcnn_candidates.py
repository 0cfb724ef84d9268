"""Candidates of a Mask R-CNN: mmdet's detections, undecided, and the teacher's background."""

import pytest
import torch
from mmdet.registry import MODELS
from toy_mask_rcnn import build, images_of, sample_of

from mmssis.structures import resolve_masks

PLAIN = dict(type='MaskRCNN', roi_head='StandardRoIHead', mask_head='FCNMaskHead')


def teacher_of(max_per_img=10, **settings):
    teacher = build(**settings).eval()
    teacher.roi_head.test_cfg.max_per_img = max_per_img
    return teacher


def candidates_of(teacher, num=2, **settings):
    adapter = MODELS.build(dict(type='MaskRCNNCandidates', **settings))
    return adapter, adapter(teacher, images_of(num), [sample_of(()) for _ in range(num)])


@pytest.mark.parametrize('settings', [
    pytest.param({}, id='with a mask-IoU branch'),
    pytest.param(PLAIN, id="mmdet's own"),
    pytest.param(dict(class_agnostic=True), id='class-agnostic masks'),
    pytest.param(dict(num_classes=1), id='one class'),
    pytest.param(dict(shared_extractor=True), id='shared RoI features'),
])
def test_candidates_are_mmdets_detections(settings):
    teacher = teacher_of(**settings)
    _, candidates = candidates_of(teacher, score_thr=0.05)
    samples = teacher.predict(images_of(2), [sample_of(()), sample_of(())], rescale=False)
    for ours, sample in zip(candidates, samples):
        expected = sample.pred_instances
        assert len(ours) == len(expected) > 0 and ours.input_shape == (64, 64)
        assert torch.equal(ours.labels, expected.labels)
        assert torch.allclose(ours.class_scores, expected.scores)
        assert torch.equal(ours.bboxes, expected.bboxes)
        assert torch.equal(ours.mask_boxes, expected.bboxes)
        assert ours.mask_logits.shape == (len(ours), 28, 28)
        assert torch.equal(resolve_masks(ours).masks, expected.masks)
        assert not any(value.requires_grad for _, value in ours.items())


def test_class_probabilities_are_rows_of_the_softmax():
    _, candidates = candidates_of(teacher_of(max_per_img=60), score_thr=0.0)
    for instances in candidates:
        assert instances.class_probs.shape == (len(instances), 3)
        rows = torch.arange(len(instances))
        assert torch.equal(instances.class_probs[rows, instances.labels], instances.class_scores)
        assert (instances.class_probs.sum(1) < 1).all()
    # A proposal may be a candidate under two classes: the same row, two labels.
    assert any(len(i.class_probs.unique(dim=0)) < len(i) for i in candidates)


def test_mask_scores_are_the_branchs_word():
    teacher = teacher_of()
    scores = candidates_of(teacher)[1][0].mask_scores
    assert ((scores > 0) & (scores < 1)).all()
    torch.nn.init.constant_(teacher.roi_head.mask_head.iou_branch.fcs[2].bias, 50.0)
    instances = candidates_of(teacher)[1][0]
    assert (instances.mask_scores > 0.999).all()
    assert (resolve_masks(instances).mask_scores > 0.999).all()
    assert 'mask_scores' not in candidates_of(teacher_of(**PLAIN))[1][0]


@pytest.mark.parametrize('num_proposals, score_thr, kept', [
    pytest.param(20, 1.0, 0, id='nothing reaches the threshold'),
    pytest.param(0, 0.0, 0, id='no proposal'),
    pytest.param(1, 0.0, 3, id='one proposal, three classes'),
])
def test_few_candidates(num_proposals, score_thr, kept):
    teacher = teacher_of()
    teacher.rpn_head.test_cfg.max_per_img = num_proposals
    adapter, candidates = candidates_of(teacher, score_thr=score_thr)
    for instances in candidates:
        assert len(instances) == kept
        assert instances.class_probs.shape == (kept, 3)
        assert instances.mask_logits.shape == (kept, 28, 28)
        assert instances.mask_scores.shape == (kept, )
        resolved = resolve_masks(instances[instances.class_scores >= 0])
        assert resolved.masks.shape == (kept, 64, 64)
    assert [len(part) for part in adapter.background_scores(
        teacher, [instances.mask_boxes for instances in candidates])] == [kept, kept]


def test_the_mask_head_runs_on_what_class_evidence_lets_through():
    teacher, seen = teacher_of(), []
    teacher.roi_head.mask_head.register_forward_hook(
        lambda module, inputs, outputs: seen.append(len(inputs[0])))
    counts = [sum(map(len, candidates_of(teacher, score_thr=thr)[1])) for thr in (0.0, 0.5)]
    assert seen == counts and counts[0] > counts[1]


def test_background_scores_need_no_second_backbone_pass(monkeypatch):
    teacher = teacher_of()
    adapter, _ = candidates_of(teacher)
    boxes = [torch.tensor([[4.0, 8.0, 36.0, 40.0], [0.0, 0.0, 64.0, 64.0], [5.0, 5.0, 5.0, 5.0]]),
             torch.zeros(0, 4)]
    features = teacher.extract_feat(images_of(2))
    monkeypatch.setattr(teacher, 'extract_feat', None)
    background = adapter.background_scores(teacher, boxes)
    assert [part.shape for part in background] == [(3, ), (0, )]
    for box, score in zip(boxes[0], background[0]):
        rois = torch.cat([torch.zeros(1), box])[None]
        logits = teacher.roi_head._bbox_forward(features, rois)['cls_score']
        assert torch.allclose(score, logits.softmax(1)[0, 3], atol=1e-6)
    assert not background[0].requires_grad


def test_background_scores_of_other_images_are_refused():
    teacher = teacher_of()
    adapter = MODELS.build(dict(type='MaskRCNNCandidates'))
    with pytest.raises(RuntimeError, match='features of 0 images and got boxes of 1'):
        adapter.background_scores(teacher, [torch.zeros(0, 4)])
    adapter, _ = candidates_of(teacher)
    with pytest.raises(RuntimeError, match='features of 2 images and got boxes of 1'):
        adapter.background_scores(teacher, [torch.zeros(0, 4)])
    adapter.release()
    with pytest.raises(RuntimeError, match='call it on the same weak views first'):
        adapter.background_scores(teacher, [torch.zeros(0, 4)] * 2)
    with pytest.raises(ValueError, match='model.candidates.score_thr = '):
        MODELS.build(dict(type='MaskRCNNCandidates', score_thr=1.1))
