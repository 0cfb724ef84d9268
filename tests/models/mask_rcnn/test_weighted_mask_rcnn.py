"""The weighted Mask R-CNN: mmdet's losses and predictions, without copies of the masks."""

import copy

import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData
from toy import half_autocast
from toy_mask_rcnn import build, flat, images_of, sample_of

PLAIN = dict(type='MaskRCNN', roi_head='StandardRoIHead', mask_head='FCNMaskHead')


def losses_of(model, samples, seed=0, **kwargs):
    torch.manual_seed(seed)
    return model.train().loss(images_of(len(samples)), samples, **kwargs)


def total(losses):
    return sum(flat(losses).values())


@pytest.mark.parametrize('labels', [[(0, 1), ()], [(), ()]], ids=['one image empty', 'both'])
def test_losses_and_gradients_are_mmdets(labels):
    results = []
    for kind in (PLAIN, dict(mask_head='FCNMaskHead')):
        model = build(**kind)
        losses = losses_of(model, [sample_of(names) for names in labels])
        total(losses).backward()
        results.append((flat(losses), [p.grad for p in model.parameters() if p.requires_grad]))
    (expected, expected_grads), (losses, grads) = results
    assert losses.keys() == expected.keys() and 'loss_rpn_cls' in losses
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-5, abs=1e-7), name
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(grads, expected_grads))


def test_background_weighs_the_negatives():
    samples = [sample_of((0, 1)), sample_of((2, ))]
    seen = []

    def background(boxes):
        seen.extend(boxes)
        return [torch.zeros(len(part)) for part in boxes]

    plain, weighed = losses_of(build(), samples), losses_of(build(), samples, background=background)
    assert len(seen) == 2 and all(len(part) for part in seen)
    assert [name for name, value in flat(plain).items()
            if not torch.equal(value, flat(weighed)[name])] == ['loss_cls']


def test_masks_are_not_copied_and_samples_stay(monkeypatch):
    """deepcopy of full-size masks is slow."""
    monkeypatch.setattr(BitmapMasks, '__deepcopy__', lambda *args: pytest.fail('copied'),
                        raising=False)
    sample = sample_of((1, 2))
    losses_of(build(), [sample])
    assert sample.gt_instances.labels.tolist() == [1, 2]
    with pytest.raises(pytest.fail.Exception, match='copied'):
        losses_of(build(**PLAIN), [sample])


def test_ignored_boxes_reach_the_rpn():
    """A crowd over the whole image: with mmdet's thresholds no anchor in it is background."""
    crowd, results = torch.tensor([[0.0, 0.0, 64.0, 64.0]]), []
    for kind in (PLAIN, dict(mask_head='FCNMaskHead')):
        model, sample = build(**kind), sample_of((0, ))
        of_rpn = model.rpn_head.assigner if kind == PLAIN else model.rpn_head.assigner.assigner
        of_rpn.ignore_iof_thr = model.roi_head.bbox_assigner.ignore_iof_thr = 0.5
        sample.ignored_instances = InstanceData(bboxes=crowd, labels=torch.zeros(1).long())
        results.append(flat(losses_of(model, [sample])))
    for name, value in results[0].items():
        assert results[1][name].item() == pytest.approx(value.item(), rel=1e-5), name
    without = flat(losses_of(build(mask_head='FCNMaskHead'), [sample_of((0, ))]))
    assert without['loss_rpn_cls'] != results[1]['loss_rpn_cls']


def test_predictions_are_mmdets():
    """The predicted IoU does not change the ranking, as in PAIS."""
    model, reference = build().eval(), build(**PLAIN).eval()
    reference.load_state_dict({name: value for name, value in model.state_dict().items()
                               if 'iou_branch' not in name})
    results = [m.predict(images_of(2), [sample_of(()), sample_of(())]) for m in (model, reference)]
    for ours, expected in zip(*results):
        assert isinstance(ours, DetDataSample) and len(ours.pred_instances) > 0
        for name, value in expected.pred_instances.items():
            assert torch.equal(ours.pred_instances[name], value), name


def test_autocast():
    """On a CPU, where mmdet's own Mask R-CNN fails in its NMS."""
    model = build()
    with half_autocast():
        losses = losses_of(model, [sample_of((0, 1)), sample_of(())])
    total(losses).backward()
    assert all(value.isfinite() for value in flat(losses).values())
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)
    with half_autocast():
        assert len(model.eval().predict(images_of(1), [sample_of(())])) == 1


def test_copies_keep_their_float32_outputs():
    """The teacher is a copy."""
    model = copy.deepcopy(build())
    with torch.autocast('cpu', dtype=torch.bfloat16):
        scores, _ = model.rpn_head(model.extract_feat(images_of(1)))
    assert all(level.dtype == torch.float32 for level in scores)


def test_a_head_without_weights_is_refused():
    with pytest.raises(TypeError, match="set type='WeightedRoIHead'"):
        build(roi_head='StandardRoIHead', mask_head='FCNMaskHead')
