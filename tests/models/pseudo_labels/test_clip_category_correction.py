"""Category correction: its shortcuts change no label, and it touches nothing else."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

from mmssis.models.clip import RegionClassifier
from mmssis.models.pseudo_labels import clip_category_correction
from mmssis.ops import fusion_weight
from mmssis.structures import PseudoLabelContext

NUM_CLASSES = 4


@MODELS.register_module()
class ScriptedClassifier(RegionClassifier):
    """Says what it was told: a row of ``answers`` for the region in each column of pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = torch.full((64, NUM_CLASSES), 1 / NUM_CLASSES)
        self.seen = 0

    def load(self, classes):
        """No weights but one, and class 3 unknown if it is named so."""
        covers = torch.tensor([name != 'unknown' for name in classes])
        return torch.nn.Linear(1, 1), dict(covers=covers)

    def classify(self, network, images, instances):
        """The region of a box is told by its left edge."""
        columns = torch.cat([found.bboxes[:, 0] for found in instances]).long()
        self.seen += len(columns)
        return self.answers[columns]


def build(classes=('a', 'b', 'c', 'd'), type='ClipCategoryCorrection', **settings):
    """A prepared hook around the scripted classifier."""
    hook = MODELS.build(dict(type=type, classifier=dict(type='ScriptedClassifier'), **settings))
    hook.prepare(tuple(classes))
    return hook


def pseudo_labels(probs, first=0):
    """One-pixel instances with the given class probabilities, in columns from ``first``."""
    scores, labels = probs.max(1) if len(probs) else (torch.zeros(0), torch.zeros(0).long())
    masks = torch.zeros(len(probs), 64, 64, dtype=torch.bool)
    for i, mask in enumerate(masks):
        mask[5, first + i] = True
    columns = torch.arange(first, first + len(probs)).float()[:, None]
    boxes = columns * torch.tensor([1., 0, 1, 0]) + torch.tensor([0., 5, 1, 6])
    return InstanceData(metainfo=dict(input_shape=(64, 64)), labels=labels, class_probs=probs,
                        class_scores=scores, masks=masks, bboxes=boxes,
                        mask_logits=torch.zeros(len(probs), 16, 16))


def context(num_images, progress=0.0):
    """A context of grey images."""
    return PseudoLabelContext(
        images=torch.zeros(num_images, 3, 64, 64), metas=[dict(img_shape=(60, 60))] * num_images,
        progress=progress, box_labels=[None] * num_images,
        pixel_mean=torch.full((3, 1, 1), 127.5), pixel_std=torch.full((3, 1, 1), 127.5))


def teacher_rows(number, no_object=0.1):
    """Random distributions from certain to undecided, with no-object's share missing."""
    sharpness = torch.linspace(0, 12, number)[:, None]
    return (torch.randn(number, NUM_CLASSES) * sharpness).softmax(1) * (1 - no_object)


def adversarial(teacher_probs):
    """All mass on the teacher's second best class: the most that a classifier can do."""
    return torch.nn.functional.one_hot(teacher_probs.topk(2, 1).indices[:, 1], NUM_CLASSES).float()


@pytest.mark.parametrize('answer, progress', [
    ('adversarial', 0.0), ('adversarial', 0.1), ('random', 0.276), ('adversarial', 1.0)])
def test_shortcuts_change_no_label(progress, answer, monkeypatch):
    """Labels are the same whether certain instances are skipped or not."""
    probs = teacher_rows(60)
    answers = adversarial(probs) if answer == 'adversarial' else teacher_rows(60, 0)
    results = {}
    for early_out in (True, False):
        if not early_out:
            monkeypatch.setattr(clip_category_correction, 'correction_can_change',
                                lambda probs, weight: torch.ones(len(probs), dtype=torch.bool))
        hook = build()
        hook.classifier.answers[:60] = answers
        found = hook([pseudo_labels(probs[:20]), pseudo_labels(probs[20:], 20)],
                     context(2, progress))
        results[early_out] = torch.cat([each.labels for each in found]), hook.classifier.seen
    assert torch.equal(results[True][0], results[False][0])
    assert results[False][1] == 60
    # At weight 0.5 a classifier that is sure can turn every label.
    assert progress == 0 or results[True][1] < 60
    if answer == 'adversarial' and progress < 0.2:
        assert (results[True][0] != probs.argmax(1)).any()


def test_fusion_by_hand():
    """Eq. 8 and 9 at w = 0.5: the label turns, the probabilities are 0.9 of the fused ones."""
    hook = build()
    hook.classifier.answers[1] = torch.tensor([0.0, 1.0, 0.0, 0.0])
    probs = torch.tensor([[0.72, 0.09, 0.0, 0.09], [0.54, 0.27, 0.0, 0.09]])
    found, = hook([pseudo_labels(probs)], context(1))
    torch.testing.assert_close(found.class_probs[1], 0.9 * torch.tensor([0.3, 0.65, 0.0, 0.05]))
    assert found.labels.tolist() == [0, 1] and found.teacher_labels.tolist() == [0, 0]
    torch.testing.assert_close(found.class_scores, found.class_probs.amax(1))
    assert found.labels.dtype == torch.long


def test_joint_probability_by_hand():
    """PLePI: .64 x .1, .08 x .7, 0, .08 x .2 are 8 : 7 : 0 : 2; .54 x .1 and .36 x .9 are 1 : 6.

    The teacher's evidence of 0.8 and 0.9 is kept. At progress 1, where DICC has ended.
    """
    hook = build(type='JointCategoryCorrection')
    hook.classifier.answers[:2] = torch.tensor([[0.1, 0.7, 0.0, 0.2], [0.1, 0.9, 0.0, 0.0]])
    probs = torch.tensor([[0.64, 0.08, 0.0, 0.08], [0.54, 0.36, 0.0, 0.0]])
    found, empty = hook([pseudo_labels(probs), pseudo_labels(probs[:0])], context(2, 1.0))
    torch.testing.assert_close(found.class_probs, torch.tensor([
        [6.4 / 17, 5.6 / 17, 0.0, 1.6 / 17], [0.9 / 7, 5.4 / 7, 0.0, 0.0]]))
    assert found.labels.tolist() == [0, 1] and found.teacher_labels.tolist() == [0, 0]
    assert hook.classifier.seen == 2 and len(empty) == 0


@pytest.mark.parametrize('probs, evidence', [
    pytest.param([0.3, 0.06, 0.0, 0.0], 0.36, id='an unsure kernel stays unsure'),
    pytest.param([0.9, 0.6, 0.0, 0.0], 1.0, id='sigmoids may sum to more than 1'),
])
def test_the_evidence_for_any_class_is_kept(probs, evidence):
    """K-Net's scores are sigmoids: normalised, one of 0.3 would look as sure as one of 0.9."""
    hook = build()
    hook.classifier.answers[0] = torch.tensor([1.0, 0.0, 0.0, 0.0])
    found, = hook([pseudo_labels(torch.tensor([probs]))], context(1))
    fused = 0.5 + 0.5 * probs[0] / sum(probs)
    assert found.class_scores.item() == pytest.approx(evidence * fused)


@pytest.mark.parametrize('counts', [(0, 0), (1, 0, 2)])
def test_images_without_instances(counts):
    """Empty stays empty, and each image gets its own rows."""
    hook, probs = build(), torch.tensor([[0.4, 0.3, 0.2, 0.0]]).expand(3, -1)
    hook.classifier.answers[:3] = torch.eye(NUM_CLASSES)[1:]
    labels, first = [], 0
    for number in counts:
        labels.append(pseudo_labels(probs[:number], first))
        first += number
    found = hook(labels, context(len(counts)))
    assert [len(each) for each in found] == list(counts)
    assert torch.cat([each.labels for each in found]).tolist() == [1, 2, 3][:sum(counts)]
    assert all('teacher_labels' in each for each in found)


def test_classes_that_the_classifier_does_not_know_are_left_alone():
    """An instance that the teacher calls 'unknown' keeps its label and its probabilities."""
    hook = build(classes=('a', 'b', 'c', 'unknown'))
    hook.classifier.answers[:] = torch.tensor([0.0, 1.0, 0.0, 0.0])
    probs = torch.tensor([[0.1, 0.2, 0.2, 0.4], [0.4, 0.2, 0.2, 0.1]])
    found, = hook([pseudo_labels(probs)], context(1))
    assert found.labels.tolist() == [3, 1]
    torch.testing.assert_close(found.class_probs[0], probs[0])


def test_only_labels_and_class_scores_change():
    """Masks, boxes and logits stay the same tensors."""
    hook, before = build(), pseudo_labels(teacher_rows(8))
    hook.classifier.answers[:8] = adversarial(before.class_probs)
    after, = hook([before[:]], context(1))
    for name in ('masks', 'bboxes', 'mask_logits'):
        assert torch.equal(after[name], before[name])
    assert set(after.keys()) == set(before.keys()) | {'teacher_labels'}


def test_masks_are_resolved_for_unfiltered_candidates():
    """Without a filter before it the hook finds the boxes itself."""
    hook = build()
    candidates = pseudo_labels(torch.tensor([[0.4, 0.3, 0.2, 0.0]]))
    candidates.mask_logits[0, :8, :8] = 5
    for name in ('masks', 'bboxes'):
        candidates.pop(name)
    hook.classifier.answers[0] = torch.tensor([0.0, 1.0, 0.0, 0.0])
    assert hook([candidates], context(1))[0].labels.tolist() == [1]


@pytest.mark.parametrize('schedule, changes', [('semi', False), ('constant', True)])
def test_schedules(schedule, changes):
    """Which progress sets the weight."""
    hook = build(schedule=schedule)
    hook.classifier.answers[0] = torch.tensor([0.0, 1.0, 0.0, 0.0])
    found, = hook([pseudo_labels(torch.tensor([[0.6, 0.3, 0.1, 0.0]]))],
                  context(1, 0.9))
    assert (found.labels.tolist() == [1]) is changes


def test_classifier_is_freed_when_no_label_can_change(class_thr=0.85, last=0.276):
    """With a class threshold the end is known: after 27.6 % of the phase at c_t = 0.85."""
    hook = build(class_thr=class_thr)
    hook.classifier.answers[0] = torch.tensor([0.0, 1.0, 0.0, 0.0])
    rest = 1 - class_thr
    weakest = torch.tensor([[class_thr, rest, 0.0, 0.0]])
    found, = hook([pseudo_labels(weakest)], context(1, last - 0.002))
    assert found.labels.tolist() == [1] and hook.classifier.seen == 1
    weight = fusion_weight(last + 0.002)
    assert weight < (2 * class_thr - 1) / (2 * class_thr)
    found, = hook([pseudo_labels(weakest)], context(1, last + 0.002))
    assert found.labels.tolist() == [0] and hook.classifier.seen == 1
    with pytest.raises(RuntimeError, match='prepare'):
        hook.classifier.network_on(torch.device('cpu'))


def test_refusals_name_the_setting_or_what_is_missing():
    for settings in (dict(schedule='cosine'), dict(class_thr=0.5), dict(class_thr=1.5)):
        with pytest.raises(ValueError, match=next(iter(settings))):
            build(**settings)
    unsure = pseudo_labels(torch.tensor([[0.6, 0.3, 0.1, 0.0]]))
    # Instances below the threshold would miss their correction.
    with pytest.raises(ValueError, match='class_thr = 0.9.*0.600'):
        build(class_thr=0.9)([unsure], context(1))
    unprepared = MODELS.build(dict(type='ClipCategoryCorrection',
                                   classifier=dict(type='ScriptedClassifier')))
    with pytest.raises(RuntimeError, match='PreflightHook'):
        unprepared([unsure], context(1))
