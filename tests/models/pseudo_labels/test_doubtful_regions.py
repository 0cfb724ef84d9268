"""What the filters dropped and the teacher does not deny is no background, in all families."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmengine.structures import InstanceData
from toy import bare_sample, toy_detector, toy_model
from toy_box_teacher import ASSIGN, box_batch, build_box_teacher
from toy_condinst import build_condinst
from toy_pais import build_pais, pais_batch, toy_pais

from mmssis.models.condinst.bbox_head import Positives
from mmssis.models.detectors.semi_instance_segmentor import Batch
from mmssis.models.knet.targets import Assignment, without_doubtful
from mmssis.models.mask_rcnn.doubtful_assigner import DoubtfulAssigner
from mmssis.models.mask_rcnn.roi_targets import roi_weights
from mmssis.models.pseudo_labels import DoubtfulRegions, PseudoLabelHook
from mmssis.structures import set_doubtful

DOUBTFUL = dict(type='DoubtfulRegions')
# A doubtful square of 16 x 16 pixels in the upper left corner.
REGION = torch.zeros(16, 16, dtype=torch.bool)
REGION[:4, :4] = True
BOX = torch.tensor([[0., 0, 16, 16]])


def with_region(**fields):
    """Instances of an image that has it."""
    instances = InstanceData(**fields)
    set_doubtful(instances, REGION, BOX)
    return instances


def crafted_masks():
    """Logits of six masks: of the region, 8 and 6 of 12 cells on it, empty, elsewhere, of it."""
    masks = torch.full((6, 16, 16), -1.0)
    masks[0, :4, :4] = masks[5, :4, :4] = 1
    masks[1, :3, 2:4] = masks[1, :2, :1] = masks[1, 12, :4] = 1
    masks[2, :3, 2:4] = masks[2, 12, :6] = 1
    masks[4, 8:, 8:] = 1
    return masks


class CraftedTeacher:
    """A label, a candidate below the threshold, one denied, and one that the label covers."""

    score_thr, has_joint_forward = None, False

    def __call__(self, teacher, images, data_samples):
        logits = torch.full((4, 16, 16), -10.0)
        for mask, (top, left) in zip(logits, [(0, 0), (8, 8), (4, 4), (0, 1)]):
            mask[top:top + 4, left:left + 4] = 10
        return [InstanceData(
            metainfo=dict(input_shape=(64, 64)), labels=torch.zeros(4).long(),
            class_scores=torch.tensor([.9, .3, .1, .3]), mask_logits=logits)
            for _ in data_samples]


@pytest.mark.parametrize('flipped', [False, True])
def test_exactly_the_doubtful_candidate_is_a_region_in_the_student_s_view(flipped):
    model = MODELS.build(toy_model(dict(
        ddtf=dict(type='DualThresholdFilter', class_thr=0.7, mask_thr=0.0), doubtful=DOUBTFUL)))
    model.candidates = CraftedTeacher()
    weak, images = bare_sample(), torch.zeros(1, 3, 64, 64)
    matrix = np.array([[-1., 0, 64], [0, 1, 0], [0, 0, 1]]) if flipped else None
    labels = model.predict_pseudo_labels(images, [weak])
    student = model.pseudo_labeled_batch(
        Batch(images, [weak]), Batch(images, [bare_sample(matrix=matrix)]), labels)
    instances = student.data_samples[0].gt_instances
    left = 4 if flipped else 8
    expected = torch.zeros(16, 16, dtype=torch.bool)
    expected[8:12, left:left + 4] = True
    assert len(instances) == 1 and torch.equal(instances.doubtful_map, expected)
    assert instances.doubtful_boxes.tolist() == [[4 * left, 32, 4 * left + 16, 48]]


def test_nothing_doubtful_sets_nothing_and_true_boxes_leave_no_doubt():
    candidates = CraftedTeacher()(None, None, [0, 0])
    for hook, boxes in ((DoubtfulRegions(0.5), None), (DoubtfulRegions(), InstanceData())):
        context = SimpleNamespace(candidates=candidates, box_labels=[boxes] * 2)
        for instances in hook([image[:1] for image in candidates], context):
            assert 'doubtful_map' not in instances and len(instances) == 1
    nothing = [image[:0] for image in candidates]
    context = SimpleNamespace(candidates=nothing, box_labels=[None] * 2)
    assert all('doubtful_map' not in image for image in DoubtfulRegions()(nothing, context))


def test_a_threshold_of_the_candidates_that_hides_them_is_refused():
    cfg = toy_pais('mask-rcnn', hooks=dict(doubtful=DOUBTFUL))
    cfg.candidates.score_thr = 0.3
    with pytest.raises(ValueError, match=r'score_thr = 0.3 is above 0.2.*hooks.doubtful keeps'):
        MODELS.build(cfg)


def test_a_filter_behind_it_is_refused():
    cfg = toy_model(hooks=dict(doubtful=dict(DOUBTFUL, before='ddtf'), ddtf=dict(
        type='DualThresholdFilter', class_thr=0.7, mask_thr=0.85)))
    with pytest.raises(ValueError, match=r'hooks.ddtf drops instances behind .*hooks.doubtful'):
        MODELS.build(cfg)


def test_mask2former_leaves_out_queries_on_the_region():
    cfg = toy_detector()
    head = MODELS.build(dict(cfg.panoptic_head, type='WeightedMask2FormerHead',
                             train_cfg=cfg.train_cfg, test_cfg=cfg.test_cfg))
    logits = torch.zeros(1, 6, 4)
    logits[0, 4, 3] = 2  # the clear background knows that it is none
    logits.requires_grad_()
    # The query of the last mask has an instance.
    loss = head._class_loss(logits, crafted_masks()[None], [with_region(labels=torch.tensor([1]))],
                            [(torch.tensor([5]), torch.tensor([0]))])
    # Weight 2; class weight 1 of the instance, 0.1 of queries 2, 3 and 4; 0 and 1 do not count.
    surely_none = math.log(3 + math.exp(2)) - 2
    expected = 2 * (math.log(4) + 0.1 * (2 * math.log(4) + surely_none)) / 1.3
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    loss.backward()
    assert logits.grad.abs().sum(-1)[0].bool().tolist() == [False, False, True, True, True, True]


def test_k_net_leaves_out_kernels_on_the_region():
    assignment = Assignment(torch.tensor([5]), torch.tensor([3, 3, 3, 3, 3, 1] + [3] * 6),
                            torch.full((12, ), 0.5), None, None, None)
    targets = [with_region(), InstanceData()]
    masks = crafted_masks()[None].expand(2, -1, -1, -1)
    weights = without_doubtful(assignment, masks, targets).cls_weights
    assert weights.tolist() == [0, 0, .5, .5, .5, .5] + [.5] * 6
    assert without_doubtful(assignment, masks, targets[1:] * 2) is assignment


def test_mask_rcnn_leaves_out_anchors_and_rois_in_the_box():
    priors = torch.tensor([[0., 0, 16, 16], [2, 2, 8, 8],  # in it
                           [0, 0, 16, 32],  # half of it
                           [1, 0, 16, 16],  # a positive
                           [40, 40, 50, 50]])  # clear background
    assigner = DoubtfulAssigner(TASK_UTILS.build(dict(
        type='MaxIoUAssigner', pos_iou_thr=0.7, neg_iou_thr=0.7, match_low_quality=False)))
    fields = dict(bboxes=priors[3:4], labels=torch.zeros(1).long())
    for instances, expected in ((with_region(**fields), [1, -1, 0, 1, 0]),
                                (InstanceData(**fields), [1, 0, 0, 1, 0])):
        result = assigner.assign(InstanceData(priors=priors), instances)
        assert result.gt_inds.tolist() == expected
    sampled = SimpleNamespace(neg_priors=priors, pos_assigned_gt_inds=torch.tensor([0]))
    for background in (None, lambda boxes: [boxes[0].new_full((5, ), 0.5)]):
        clear = 1 if background is None else 0.5
        by_class, by_box = roi_weights([sampled], [with_region(**fields)], background)
        assert by_class.tolist() == [1, 0, 0, clear, 0, clear] and by_box.tolist() == [1] * 6


def test_condinst_leaves_out_points_on_the_region():
    head = build_condinst().bbox_head
    levels = [torch.zeros(1, 3, size, size) for size in (8, 4, 2)]
    logits = torch.zeros(1, 3, 84, requires_grad=True)
    # Point 0 of the region belongs to an instance.
    positives = Positives(torch.tensor([0]), torch.tensor([0]), torch.tensor([0]), [1])
    head._loss_cls(logits, positives, head.points_of(levels),
                   [with_region(labels=torch.tensor([1]))], torch.tensor(1.0)).backward()
    silent = (logits.grad.abs().sum(1)[0] == 0).nonzero()[:, 0]
    # Middles at 4 and 12 pixels of stride 8, and at 8 of stride 16, whose points begin at 64.
    assert silent.tolist() == [1, 8, 9, 64]


@MODELS.register_module()
class BestOfImage(PseudoLabelHook):
    """A filter that keeps the candidate of the highest class score with a mask in a corner; the
    masks of all candidates cover what they can."""

    filters = True

    def forward(self, pseudo_labels, context):
        """Keep one of each image."""
        kept = [instances[instances.class_scores.argsort(descending=True)[:1]]
                for instances in pseudo_labels]
        for instances in kept:
            instances.mask_logits = torch.full_like(instances.mask_logits, -10)
            instances.mask_logits[:, :4, :4] = 10
        for candidates in context.candidates or []:
            candidates.mask_logits = torch.full_like(candidates.mask_logits, 10)
        return kept


def condinst(hooks):
    return build_box_teacher(hooks=dict(assign=ASSIGN, **hooks)), box_batch(None, None, sup=1)


def pais(kind):
    def make(hooks):
        return build_pais(kind, hooks=hooks), pais_batch()
    return make


@pytest.mark.parametrize('make', [
    pytest.param(pais('mask2former'), id='mask2former'), pytest.param(pais('knet'), id='knet'),
    pytest.param(pais('mask-rcnn'), id='mask-rcnn'), pytest.param(condinst, id='condinst')])
def test_a_whole_step_of_each_family(make):
    """One candidate of each image is a label, all others are doubtful: only class losses change."""
    losses = []
    for hooks in ({}, dict(doubtful=dict(DOUBTFUL, class_thr=0.0))):
        torch.manual_seed(0)
        model, batch = make(dict(best=dict(type='BestOfImage'), **hooks))
        model.set_clock(10, 100)
        torch.manual_seed(1)
        losses.append(model.loss(**batch))
    one, other = ({name: sum(value) if isinstance(value, list) else value
                   for name, value in each.items()} for each in losses)
    changed = {name for name in one if not torch.equal(one[name], other[name])}
    assert all(torch.isfinite(value).all() for value in other.values())
    assert changed and all(name.startswith('unsup_') and 'cls' in name or 'acc' in name
                           for name in changed), changed
