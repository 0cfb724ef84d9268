"""Gathering, updator and semantic FPN against second writings."""

import pytest
import torch
import torch.nn.functional as F
from mmdet.models.layers import SinePositionalEncoding
from reference import knet_equations as plain
from toy import half_autocast
from toy_knet import CHANNELS, build_knet

from mmssis.models.knet import KernelUpdator, SemanticFPN
from mmssis.models.knet.kernels import gather_features, to_stride4


def test_kernels_gather_the_pixels_of_their_masks():
    masks, features = torch.randn(2, 3, 4, 5), torch.randn(2, 6, 4, 5)
    expected = [[plain.gather(mask.tolist(), image.tolist()) for mask in image_masks]
                for image_masks, image in zip(masks, features)]
    assert torch.allclose(gather_features(masks, features), torch.tensor(expected), atol=1e-5)


def test_gathering_does_not_overflow_under_autocast():
    """16,384 pixels of value 100 sum to 1.6e6; float16 ends at 65,504."""
    with half_autocast():
        gathered = gather_features(torch.ones(1, 1, 128, 128).half(),
                                   torch.full((1, 2, 128, 128), 100.0).half())
        updated = KernelUpdator(2)(gathered, gathered)
    assert gathered.dtype == updated.dtype == torch.float32
    assert torch.equal(gathered, torch.full((1, 1, 2), 1638400.0)) and updated.isfinite().all()


def test_gathering_lets_no_gradient_through_the_masks():
    masks = torch.randn(1, 2, 4, 4, requires_grad=True)
    features = torch.randn(1, 3, 4, 4, requires_grad=True)
    gather_features(masks, features).sum().backward()
    assert masks.grad is None and features.grad is not None


def test_updator_is_the_papers():
    updator = KernelUpdator(8)
    for parameter in updator.parameters():
        torch.nn.init.normal_(parameter)
    weights = {name: (layer.weight.tolist(), layer.bias.tolist())
               for name, layer in updator.named_children()}
    features, kernels = torch.randn(2, 3, 8), torch.randn(2, 3, 8)
    expected = [[plain.update_kernel(f.tolist(), k.tolist(), weights) for f, k in zip(*image)]
                for image in zip(features, kernels)]
    assert torch.allclose(updator(features, kernels), torch.tensor(expected), atol=1e-4)


def test_upsampling_is_half_pixel_correct():
    logits = torch.randn(1, 2, 3, 4)
    expected = [[plain.resize(mask.tolist(), 6, 8) for mask in logits[0]]]
    assert torch.allclose(to_stride4(logits), torch.tensor(expected), atol=1e-5)


def test_a_stage_is_gather_update_attend_segment():
    """Every part of an update head, in the paper's order; the attention is torch's own."""
    model = build_knet(num_kernels=4)
    head, previous = model.update_heads[0].eval(), model.kernel_head
    features = [torch.randn(1, CHANNELS, 16 >> i, 16 >> i) for i in range(4)]
    output = previous(features)
    result = head(output.pixel_features, output.kernels)
    pixels = F.conv2d(output.pixel_features, head.feat_transform.conv.weight,
                      head.feat_transform.conv.bias)
    k = head.updator(gather_features(output.kernels.mask_logits, pixels), output.kernels.features)
    k = head.attention_norm(k + head.attention.attn(*[k.transpose(0, 1)] * 3)[0].transpose(0, 1))
    first, second = head.ffn.layers[0][0], head.ffn.layers[1]
    k = head.ffn_norm(k + second(first(k).relu()))
    assert torch.allclose(result.features, k, atol=1e-5)
    filters = head.fc_mask(head.mask_fcs(k))
    expected = [[plain.segment(f.tolist(), pixels[0].tolist()) for f in filters[0]]]
    assert torch.allclose(result.mask_logits, torch.tensor(expected), atol=1e-4)
    assert torch.allclose(result.cls_logits, head.fc_cls(head.cls_fcs(k)), atol=1e-6)


def test_first_kernels_are_weights_plus_their_pixels():
    head = build_knet().kernel_head
    output = head([torch.randn(2, CHANNELS, 16 >> i, 16 >> i) for i in range(4)])
    gathered = gather_features(output.kernels.mask_logits, output.pixel_features)
    expected = head.init_kernels.weight[None, :, :, 0, 0] + gathered
    assert torch.allclose(output.kernels.features, expected)
    assert output.kernels.cls_logits is None


def test_all_levels_meet_at_stride_8():
    fpn = SemanticFPN(32, 16, dict(type='GN', num_groups=4))
    features = [torch.randn(2, 32, 64 >> i, 96 >> i) for i in range(2, 6)]
    assert [tuple(out.shape) for out in fpn(features)] == [(2, 16, 8, 12)] * 2
    with pytest.raises(ValueError, match='pad_size_divisor=32'):
        fpn([torch.randn(1, 32, size, size) for size in (18, 9, 5, 3)])


def test_p5_alone_gets_positions():
    """As if P5 had been given with them; the mask-free encoding is that of an empty mask."""
    fpn = SemanticFPN(32, 16, dict(type='GN', num_groups=4)).eval()
    features = [torch.randn(2, 32, 16 >> i, 16 >> i) for i in range(4)]
    expected = fpn.loc_conv(sum(
        level(feature) for level, feature in zip(fpn.levels, [*features[:3], features[3] + (
            SinePositionalEncoding(16, normalize=True)(torch.zeros(2, 2, 2, dtype=torch.bool)))])))
    assert torch.allclose(fpn(features)[0], expected, atol=1e-5)
