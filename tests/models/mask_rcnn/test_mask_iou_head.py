"""The mask-IoU branch: its size, its target, its loss, and that the masks stay mmdet's."""

import pytest
import torch
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from reference import roi_equations

from mmssis.models.mask_rcnn import FCNMaskIoUHead, MaskIoUBranch


def head_of(cls=FCNMaskIoUHead, **settings):
    torch.manual_seed(0)
    return cls(**{**dict(num_convs=1, in_channels=8, conv_out_channels=12, num_classes=3),
                  **settings})


def test_the_branch_is_light():
    """The released code's has 51.4 M parameters."""
    assert sum(parameter.numel() for parameter in MaskIoUBranch().parameters()) == 459_265


@pytest.mark.parametrize('num, settings', [
    pytest.param(5, {}, id='one convolution'),
    pytest.param(0, {}, id='no RoI'),
    pytest.param(1, dict(num_convs=0), id='none: the branch reads the RoI features'),
    pytest.param(1, dict(class_agnostic=True), id='class-agnostic'),
    pytest.param(1, dict(upsample_cfg=dict(type=None)), id='no upsampling'),
    pytest.param(1, dict(upsample_cfg=dict(type='bilinear', scale_factor=2)), id='bilinear'),
])
def test_masks_are_mmdets(num, settings):
    head, reference = head_of(**settings), head_of(FCNMaskHead, **settings)
    reference.load_state_dict(
        {name: value for name, value in head.state_dict().items() if 'iou' not in name})
    features = torch.randn(num, 8, 14, 14)
    mask_preds, iou_feats = head(features.clone())
    assert torch.equal(mask_preds, reference(features.clone()))
    assert head.iou_branch(iou_feats).shape == (num, )


MASKS = torch.zeros(2, 4, 4)
MASKS[0, :2], MASKS[1, :, :1] = 1, 1


@pytest.mark.parametrize('logits, targets, ious', [
    pytest.param(MASKS[:0], MASKS[:0], [], id='no RoI'),
    pytest.param(2 * MASKS - 1, MASKS, [1, 1], id='perfect'),
    pytest.param(-torch.ones(2, 4, 4), MASKS, [0, 0], id='nothing predicted'),
    pytest.param(torch.zeros(2, 4, 4), MASKS, [0.5, 0.25], id='a logit of 0 is foreground'),
    pytest.param(-torch.ones(2, 4, 4), torch.zeros(2, 4, 4), [0, 0], id='both empty'),
])
def test_iou_targets(logits, targets, ious):
    assert FCNMaskIoUHead.iou_targets(logits, targets).tolist() == ious
    assert roi_equations.mask_iou(logits.tolist(), targets.tolist()) == ious


def test_iou_loss_is_the_weighted_bce():
    head = head_of(iou_loss_weight=0.25)
    mask_preds, iou_feats = head(torch.randn(4, 8, 14, 14))
    targets = (torch.rand(4, 28, 28) > 0.5).float()
    loss = head.iou_loss(iou_feats, mask_preds[:, 0], targets)
    ious = roi_equations.mask_iou(mask_preds[:, 0].tolist(), targets.tolist())
    expected = roi_equations.iou_loss(head.iou_branch(iou_feats).tolist(), ious, 0.25)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_iou_loss_without_positives_keeps_the_graph():
    head = head_of()
    mask_preds, iou_feats = head(torch.randn(0, 8, 14, 14))
    loss = head.iou_loss(iou_feats, mask_preds[:, 0], torch.zeros(0, 28, 28))
    (loss + mask_preds.sum()).backward()
    assert loss == 0
    assert all(parameter.grad is not None and not parameter.grad.any()
               for parameter in head.parameters())
    with pytest.raises(ValueError, match='roi_head.mask_head.iou_loss_weight = '):
        head_of(iou_loss_weight=-0.1)
