"""The detector as a whole: gradients, mixed precision, learning, teacher and student."""

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper
from toy import labeled_sample, semi_batch
from toy_knet import build_knet, knet_config, weighted

from mmssis.models.knet import knet
from mmssis.utils.num_classes import set_num_classes


def without_gradient(model):
    return {name for name, parameter in model.named_parameters()
            if parameter.requires_grad and parameter.grad is None}


@pytest.mark.parametrize('labels', [
    pytest.param([(0, 1), (2, )], id='two images'),
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


@pytest.mark.parametrize('labels', [(0, 1), ()], ids=str)
def test_pseudo_labels_leave_out_what_needs_true_ones(labels):
    model = build_knet()
    sample = weighted(labeled_sample(64, labels), 0.1225)
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


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
def test_autocast_stays_finite(dtype):
    """Features large enough that their sums overflow float16."""
    model = build_knet()
    images = torch.randn(1, 3, 256, 256)
    with torch.no_grad():
        model.kernel_head.loc_conv.gn.weight.mul_(200)
    with torch.autocast('cpu', dtype=dtype):
        losses = model.loss(images, [labeled_sample(256, (0, 1))])
    assert all(value.dtype == torch.float32 and value.isfinite() for value in losses.values())
    sum(losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_autocast_losses_are_close_to_float32():
    model = build_knet()
    images, samples = torch.randn(2, 3, 64, 64), [labeled_sample(64, (0, 1)) for _ in range(2)]
    expected = model.loss(images, samples)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model.loss(images, samples)
    total = sum(expected.values())
    assert abs(sum(losses.values()) - total) < 0.1 * total


def test_padding_beside_an_image_is_background():
    """Masks of an image smaller than the batch keep their place, to the pixel."""
    model = build_knet()
    samples = [labeled_sample(64, (0, 1)), labeled_sample(48, (0, 1))]
    images = torch.zeros(2, 3, 64, 96)
    images[0, :, :64, :64], images[1, :, :48, :48] = torch.randn(3, 64, 64), 1.0
    for sample in samples:
        sample.set_metainfo(dict(batch_input_shape=(64, 96)))
    targets = [knet.stride4_targets(sample.gt_instances, (64, 96)).masks for sample in samples]
    assert [target.shape for target in targets] == [(2, 16, 24)] * 2
    assert targets[0][0, 2:10, 1:9].all() and targets[0][0].sum() == 64
    assert len(model.loss(images, samples)) == 15


def test_stages_share_no_weights_and_their_number_is_a_setting():
    model = build_knet(num_stages=2)
    assert len(model.update_heads) == 2
    first, second = (dict(head.named_parameters()) for head in model.update_heads)
    assert all(first[name] is not second[name] for name in first)


@pytest.mark.parametrize('head', ['kernel_head', 'update_head'])
def test_number_of_classes_has_no_default(head):
    cfg = knet_config()
    del cfg[head]['num_classes']
    with pytest.raises(TypeError, match='num_classes'):
        MODELS.build(cfg)


def test_numbers_of_classes_that_differ_are_named():
    cfg = knet_config()
    cfg.update_head.num_classes = 80
    with pytest.raises(ValueError, match='kernel_head.num_classes = 3.*update_head.*80'):
        MODELS.build(cfg)


def test_no_stage_is_refused():
    with pytest.raises(ValueError, match='num_stages = 0'):
        build_knet(num_stages=0)


@pytest.mark.parametrize('name', ['loss_seg', 'loss_mask'])
def test_softmax_losses_are_refused(name):
    cfg = knet_config()
    cfg.kernel_head[name] = dict(type='CrossEntropyLoss', use_sigmoid=False)
    with pytest.raises(ValueError, match=f'kernel_head.{name}.*use_sigmoid=True'):
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


def toy_semi(**settings):
    detector = knet_config()
    return MODELS.build(ConfigDict(
        type='SemiInstanceSegmentor', detector=detector,
        candidates=dict(type='KNetCandidates'),
        pseudo_label_hooks=[dict(type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0,
                                 min_area=0)],
        data_preprocessor=dict(type='SemiDataPreprocessor',
                               data_preprocessor=detector.data_preprocessor), **settings))


def test_teacher_and_student(clock):
    """Burn-in, a step with pseudo labels, and prediction by the teacher."""
    clock(5, 10)
    model = toy_semi(burn_in=2)
    model.teacher_ready = True
    losses = model.loss(**semi_batch())
    assert sum('unsup_' in name for name in losses) == 2 + 3 * 3
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert not without_gradient(model.student)
    assert all(p.grad is None for p in model.teacher.parameters())
    model.eval()
    with torch.no_grad():
        assert len(model.predict(torch.randn(1, 3, 64, 64), [labeled_sample(64, ())])) == 1


def toy_images(size=64):
    """Two images: a bright square and disc, and a dark bar."""
    rows, columns = np.mgrid[:size, :size]
    shapes = [[(columns >= 6) & (columns < 26) & (rows >= 8) & (rows < 30),
               (columns - 46)**2 + (rows - 44)**2 < 120],
              [(rows >= 24) & (rows < 38) & (columns >= 8) & (columns < 56)]]
    images, samples = torch.zeros(2, 3, size, size), []
    for image, masks, labels in zip(images, shapes, [(0, 1), (2, )]):
        sample = labeled_sample(size, labels)
        sample.gt_instances.masks.masks = np.stack(masks).astype(np.uint8)
        for i, (mask, label) in enumerate(zip(masks, labels)):
            image[label, torch.from_numpy(mask)] = 2.0 - i
        samples.append(sample)
    return images, samples


def mean_iou(model, images, samples):
    """Mean over instances of the IoU with the best prediction of the right class."""
    model.eval()
    with torch.no_grad():
        predictions = model.predict(images, samples)
    ious = []
    for sample in predictions:
        truths = torch.from_numpy(sample.gt_instances.masks.masks).bool()
        top = sample.pred_instances[:len(truths)]
        for truth, label in zip(truths, sample.gt_instances.labels):
            masks = top.masks[top.labels == label]
            union = (masks | truth).flatten(1).sum(1).clamp(min=1)
            overlaps = (masks & truth).flatten(1).sum(1) / union
            ious.append(overlaps.max().item() if len(overlaps) else 0.0)
    return sum(ious) / len(ious)


@pytest.mark.slow
def test_two_images_are_learnt():
    """The highest scores belong to the right classes and masks after 100 steps."""
    model = build_knet(num_kernels=10)
    images, samples = toy_images()
    optim = build_optim_wrapper(model, dict(
        type='OptimWrapper', optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.05),
        clip_grad=dict(max_norm=1.0)))
    totals = []
    for _ in range(100):
        model.train()
        total = sum(model.loss(images, samples).values())
        optim.update_params(total)
        totals.append(total.item())
    assert totals[-1] < 0.3 * totals[0]
    assert mean_iou(model, images, samples) > 0.7
