"""The mask-IoU output of Mask2Former: what it learns, and that nothing else changes."""

import pytest
import torch
from mmdet.registry import MODELS
from toy import labeled_sample, toy_detector

from mmssis.models.mask2former import Mask2FormerCandidates


def detector_cfg(**settings):
    cfg = toy_detector()
    cfg.panoptic_head.update(type='MaskIoUMask2FormerHead', **settings)
    return cfg


def build_head(**settings):
    cfg = detector_cfg(**settings)
    return MODELS.build(dict(cfg.panoptic_head, train_cfg=cfg.train_cfg, test_cfg=cfg.test_cfg))


def outputs(images=1, queries=6, size=64, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return ([torch.randn(images, queries, 5, generator=generator).requires_grad_()],
            [torch.randn(images, queries, size, size, generator=generator).requires_grad_()])


def losses_of(head, samples, logits, seed=0):
    torch.manual_seed(seed)
    return head.loss_of_outputs(logits, samples)


def test_the_other_losses_are_those_of_the_plain_head():
    cfg = toy_detector()
    plain = MODELS.build(dict(cfg.panoptic_head, train_cfg=cfg.train_cfg, test_cfg=cfg.test_cfg))
    classes, masks = outputs()
    expected = losses_of(plain, [labeled_sample()], ([classes[0][..., :-1]], masks))
    found = losses_of(build_head(), [labeled_sample()], (classes, masks))
    assert set(found) - set(expected) == {'loss_iou'}
    assert all(torch.allclose(found[name], value) for name, value in expected.items())


def test_the_target_is_the_iou_of_the_matched_mask():
    """A mask that fits for half of its union must be scored 0.5: the loss is least there."""
    sample = labeled_sample(64, (0, ))
    truth = sample.gt_instances.masks.to_tensor(torch.bool, 'cpu')[0]
    half = truth.clone()
    half[:24] = False
    masks = torch.full((1, 6, 64, 64), -9.0)
    masks[0, 2][half] = 9.0
    iou = (half & truth).sum() / (half | truth).sum()
    at = {}
    for name, logit in (('right', torch.logit(iou)), ('low', -3.0), ('high', 3.0)):
        classes = torch.zeros(1, 6, 5)
        classes[0, 2] = torch.tensor([9.0, 0, 0, 0, float(logit)])
        at[name] = losses_of(build_head(), [sample], ([classes], [masks]))['loss_iou']
    entropy = -(iou * iou.log() + (1 - iou) * (1 - iou).log())
    assert iou == 0.5 and torch.allclose(at['right'], entropy)
    assert at['right'] < min(at['low'], at['high'])


@pytest.mark.parametrize('pseudo_labeled, labels', [
    pytest.param(True, (0, 1), id='a pseudo label teaches no IoU'),
    pytest.param(False, (), id='no instance'),
])
def test_no_true_mask_gives_a_zero_that_keeps_the_graph(pseudo_labeled, labels):
    sample = labeled_sample(64, labels)
    if pseudo_labeled:
        sample.set_metainfo(dict(pseudo_labeled=True))
    loss = losses_of(build_head(), [sample], outputs())['loss_iou']
    assert loss == 0 and loss.requires_grad
    with pytest.raises(ValueError, match='loss_iou_weight = -1'):
        build_head(loss_iou_weight=-1)


def test_predictions_are_those_of_the_plain_head():
    plain, scored = MODELS.build(toy_detector()), MODELS.build(detector_cfg())
    missing, unexpected = scored.load_state_dict(plain.state_dict(), strict=False)
    assert not unexpected and all('cls_embed.iou.' in name for name in missing)
    image, samples = torch.randn(1, 3, 64, 64), [labeled_sample()]
    for model in (plain, scored):
        model.eval()
    with torch.no_grad():
        expected, = plain.predict(image, [labeled_sample()], rescale=False)
        found, = scored.predict(image, samples, rescale=False)
    assert torch.equal(found.pred_instances.scores, expected.pred_instances.scores)
    assert torch.equal(found.pred_instances.masks, expected.pred_instances.masks)


def test_candidates_are_judged_by_the_predicted_iou():
    detector = MODELS.build(detector_cfg()).eval()
    image, samples = torch.randn(2, 3, 64, 64), [labeled_sample(), labeled_sample()]
    with torch.no_grad():
        found = Mask2FormerCandidates()(detector, image, samples)
        logits = detector.panoptic_head(detector.extract_feat(image), samples)[0][-1]
    assert [len(instances) for instances in found] == [6, 6]
    for instances, expected in zip(found, logits[..., -1]):
        assert torch.allclose(instances.mask_scores, expected.sigmoid())
        assert instances.class_probs.shape == (6, 3)
