"""The whole detector: mmdet's losses and predictions, edge cases, precision, configs."""

import pytest
import torch
from mmdet.registry import MODELS
from toy import half_autocast
from toy_condinst import PLAIN, box_sample, build_condinst, toy_condinst
from toy_mask_rcnn import images_of, sample_of

from mmssis.ops import mask_quality

LOSSES = ['loss_cls', 'loss_bbox', 'loss_centerness', 'loss_mask', 'loss_project',
          'loss_pairwise', 'loss_pseudo_mask', 'loss_affinity']
SMALL = dict(mask_channels=8, num_params=169)


def losses_of(model, samples, size=64):
    return model.train().loss(images_of(len(samples), size), samples)


def outside(sample):
    sample.gt_instances.bboxes = sample.gt_instances.bboxes + 200
    return sample


@pytest.mark.parametrize('make', [
    pytest.param(lambda: [sample_of(()), sample_of(())], id='no instance, one class'),
    pytest.param(lambda: [box_sample((), masks=True), sample_of((), bitmap=False)], id='no mask'),
    pytest.param(lambda: [sample_of((0, 1)), box_sample(())], id='masks alone'),
    pytest.param(lambda: [sample_of(()), box_sample((0, ))], id='boxes alone'),
    pytest.param(lambda: [sample_of((0, )), box_sample((0, 0), masks=True)],
                 id='all kinds, one class'),
    pytest.param(lambda: [outside(sample_of((0, ))), outside(box_sample((0, ), masks=True))],
                 id='outside of the image'),
    pytest.param(lambda: [box_sample((0, 1), masks=True, mask_weights=torch.zeros(2))],
                 id='no box with a pseudo mask'),
])
def test_every_batch_has_all_losses_and_reaches_all_parameters(make, request):
    num_classes = 1 if 'one class' in request.node.name else 3
    model, samples = build_condinst(num_classes=num_classes, warm_up=0), make()
    losses = losses_of(model, samples)
    assert list(losses) == LOSSES and all(loss.isfinite() for loss in losses.values())
    for loss in LOSSES[3:]:
        grads = torch.autograd.grad(
            losses[loss], list(model.mask_head.parameters()), retain_graph=True)
        assert all(grad.isfinite().all() for grad in grads)
        assert losses[loss] != 0 or not any(grad.any() for grad in grads)
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in [*model.bbox_head.parameters(),
                                            *model.mask_head.parameters()])


def test_losses_leave_the_samples_as_they_are():
    samples = [sample_of((0, 1)), box_sample((2, ), masks=True)]
    masks = [sample.gt_instances.masks for sample in samples]
    losses_of(build_condinst(), samples)
    assert all(sample.gt_instances.masks is mask for sample, mask in zip(samples, masks))


def test_the_dynamic_head_runs_for_selected_points_only(monkeypatch):
    model, seen = build_condinst(topk_masks_per_img=3), []
    parse = model.mask_head.parse_dynamic_params
    monkeypatch.setattr(model.mask_head, 'parse_dynamic_params',
                        lambda params: seen.append(len(params)) or parse(params))
    losses_of(model, [sample_of((0, 1, 2)), sample_of((0, )), sample_of(())])
    assert seen[0] == 3 and 0 < seen[1] <= 3 and seen[2] == 0


def test_predictions_are_mmdets():
    ours, theirs = build_condinst(**SMALL), build_condinst(**SMALL, **PLAIN)
    theirs.load_state_dict(ours.state_dict())
    with torch.no_grad():
        mine, mmdets = (model.eval().predict(images_of(2), [sample_of(()), sample_of(())])
                        for model in (ours, theirs))
    for one, other in zip(mine, mmdets):
        one, other = one.pred_instances, other.pred_instances
        assert len(one) == len(other) > 0
        assert torch.equal(one.labels, other.labels)
        assert torch.allclose(one.bboxes, other.bboxes) and torch.allclose(one.scores, other.scores)
        assert (one.masks != other.masks).float().mean() < 1e-3


def test_rescoring_counts_the_mask():
    plain, rescored = (build_condinst(mask_rescore=flag).eval() for flag in (False, True))
    with torch.no_grad():
        before, after = (model.predict(images_of(1), [sample_of(())])[0].pred_instances
                         for model in (plain, rescored))
        features = plain.extract_feat(images_of(1))
        logits = plain.mask_head(features, [before])[0][0]
    assert torch.allclose(after.scores, (before.scores.sqrt() * mask_quality(logits)).sqrt())
    assert torch.equal(before.masks, after.masks)


def test_an_image_without_detections():
    model = build_condinst(mask_rescore=True).eval()
    model.bbox_head.test_cfg.score_thr = 1.0
    with torch.no_grad():
        samples = model.predict(images_of(2), [sample_of(()), sample_of(())])
    for sample in samples:
        assert len(sample.pred_instances) == 0
        assert sample.pred_instances.masks.shape == (0, 64, 64)


def test_autocast():
    model = build_condinst(warm_up=0)
    samples = [sample_of((0, 1)), box_sample((0, 1), masks=True)]
    exact = losses_of(model, samples)
    with half_autocast():
        losses = losses_of(model, samples)
        predicted = model.eval().predict(images_of(1), [sample_of(())])
    for name, loss in losses.items():
        assert loss.dtype == torch.float32
        assert loss.item() == pytest.approx(exact[name].item(), rel=0.1), name
    sum(losses.values()).backward()
    assert len(predicted[0].pred_instances) > 0


def test_heads_that_do_not_fit():
    for settings, error, message in [
            # too few parameters
            (dict(mask_channels=16, num_params=169), ValueError,
             'num_params = 169, but .* has 233'),
            # too many parameters
            (dict(mask_channels=8, num_params=233), ValueError, 'set bbox_head.num_params=169'),
            # mmdet's box head
            (dict(bbox_head='CondInstBboxHead'), TypeError, "set type='WeightedCondInstBboxHead'"),
            # mmdet's mask head
            (dict(mask_head='CondInstMaskHead'), TypeError, "set type='WeightedCondInstMaskHead'"),
    ]:
        with pytest.raises(error, match=message):
            MODELS.build(toy_condinst(**settings))
