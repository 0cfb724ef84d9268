"""The detector as a whole: gradients, mixed precision, learning, teacher and student."""

import pytest
import torch
from mmdet.registry import MODELS
from toy import half_autocast, labeled_sample
from toy_knet import build_knet, knet_config, weighted

from mmssis.utils.num_classes import set_num_classes


def without_gradient(model):
    return {name for name, parameter in model.named_parameters()
            if parameter.requires_grad and parameter.grad is None}


@pytest.mark.parametrize('labels', [
    pytest.param([(0, 1), ()], id='one image empty'),
    pytest.param([(), ()], id='no instance at all'),
    pytest.param([(0, 1, 2) * 4, ()], id='more instances than kernels'),
])
def test_every_parameter_gets_a_gradient(labels):
    model = build_knet()
    losses = model.loss(torch.randn(2, 3, 64, 64), [labeled_sample(64, names) for names in labels])
    sum(losses.values()).backward()
    assert len(losses) == 15 and not without_gradient(model)
    assert all(value.isfinite() for value in losses.values())
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_pseudo_labels_leave_out_what_needs_true_ones():
    model = build_knet()
    sample = weighted(labeled_sample(64, (0, 1)), 0.1225)
    sample.set_metainfo(dict(pseudo_labeled=True))
    sum(model.loss(torch.randn(1, 3, 64, 64), [sample]).values()).backward()
    assert {name.split('.')[-2] for name in without_gradient(model)} <= {
        'conv_seg', 'fc_iou', '0', '1'}
    assert all('conv_seg' in name or 'iou' in name for name in without_gradient(model))


def test_the_host_waits_for_nothing_but_the_matching(monkeypatch):
    waits = []
    for name in ('cpu', 'item', 'tolist', 'nonzero', '__bool__'):
        original = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda self, *args, _name=name, _call=original,
                            **kwargs: waits.append(_name) or _call(self, *args, **kwargs))
    model = build_knet()
    samples = [weighted(labeled_sample(64, labels)) for labels in ((0, 1), (2, ))]
    waits.clear()
    model.loss(torch.randn(2, 3, 64, 64), samples)
    assert waits == ['cpu']


def test_autocast_stays_finite():
    """Features large enough that their sums overflow float16."""
    model = build_knet()
    images = torch.randn(1, 3, 128, 128)
    with torch.no_grad():
        model.kernel_head.loc_conv.gn.weight.mul_(200)
    with half_autocast():
        losses = model.loss(images, [labeled_sample(128, (0, 1))])
    assert all(value.dtype == torch.float32 and value.isfinite() for value in losses.values())
    sum(losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_wrong_settings_are_named():
    softmax = dict(type='CrossEntropyLoss', use_sigmoid=False)
    for head, changes, message in [
            ('update_head', dict(num_classes=80),
             'kernel_head.num_classes = 3.*update_head.*80'),
            ('kernel_head', dict(loss_seg=softmax), 'kernel_head.loss_seg.*use_sigmoid=True'),
            ('kernel_head', dict(loss_mask=softmax), 'kernel_head.loss_mask.*use_sigmoid=True'),
    ]:
        cfg = knet_config()
        for name, value in changes.items():
            cfg[head][name] = value
        with pytest.raises(ValueError, match=message):
            MODELS.build(cfg)
    with pytest.raises(ValueError, match='num_stages = 0'):
        build_knet(num_stages=0)
    for head in ('kernel_head', 'update_head'):  # The number of classes has no default.
        cfg = knet_config()
        del cfg[head]['num_classes']
        with pytest.raises(TypeError, match='num_classes'):
            MODELS.build(cfg)


def test_data_set_sets_every_number_of_classes():
    cfg = knet_config(num_classes=80)
    set_num_classes(cfg, 1)
    model = MODELS.build(cfg)
    assert model.kernel_head.conv_seg.out_channels == 1
    assert [head.fc_cls.out_features for head in model.update_heads] == [1, 1, 1]


def test_inference_needs_no_training_settings():
    cfg = knet_config()
    del cfg['train_cfg']
    model = MODELS.build(cfg).eval()
    with torch.no_grad():
        assert len(model.predict(torch.randn(1, 3, 64, 64), [labeled_sample(64, ())])) == 1


def test_initialisation_is_that_of_knet():
    head = build_knet(num_classes=80).kernel_head
    assert head.init_kernels.weight.std().item() == pytest.approx(1, abs=0.15)
    for conv in (head.conv_seg, head.loc_conv.conv, head.semantic_fpn.levels[3].conv[2].conv):
        assert conv.weight.std().item() == pytest.approx(0.01, rel=0.15)
    assert torch.allclose(head.conv_seg.bias.sigmoid(), torch.tensor(0.01))
