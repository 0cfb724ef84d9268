"""The weighted Mask R-CNN: mmdet's losses and predictions, without copies of the masks."""

import copy

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.structures import InstanceData
from models.roi_heads.toy_mask_rcnn import build, images_of, sample_of

PLAIN = dict(type='MaskRCNN', roi_head='StandardRoIHead', mask_head='FCNMaskHead')
BASES = 'configs/_base_/models/mask-rcnn_{}_weighted.py'


def losses_of(model, samples, seed=0, **kwargs):
    torch.manual_seed(seed)
    return model.train().loss(images_of(len(samples)), samples, **kwargs)


def flat(losses):
    return {name: sum(value) if isinstance(value, list) else value.sum()
            for name, value in losses.items()}


def total(losses):
    return sum(value for name, value in flat(losses).items() if 'loss' in name)


@pytest.mark.parametrize('labels, settings', [
    pytest.param([(0, 1), (2, )], {}, id='two images'),
    pytest.param([(0, 1), ()], {}, id='one image empty'),
    pytest.param([(), ()], {}, id='both empty'),
    pytest.param([(0, ), (0, 0)], dict(num_classes=1), id='one class'),
    pytest.param([(0, 1)], dict(class_agnostic=True), id='class-agnostic'),
])
def test_losses_and_gradients_are_mmdets(labels, settings):
    results = []
    for kind in (PLAIN, dict(mask_head='FCNMaskHead')):
        model = build(**kind, **settings)
        losses = losses_of(model, [sample_of(names) for names in labels])
        total(losses).backward()
        results.append((flat(losses), [p.grad for p in model.parameters() if p.requires_grad]))
    (expected, expected_grads), (losses, grads) = results
    assert losses.keys() == expected.keys() and 'loss_rpn_cls' in losses
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-5, abs=1e-7), name
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(grads, expected_grads))


@pytest.mark.parametrize('background', [False, True])
@pytest.mark.parametrize('labels', [[(0, 1), (2, )], [(), ()]])
def test_every_parameter_gets_a_gradient(labels, background):
    model = build()
    given = (lambda boxes: [part[:, 0] * 0 + 0.5 for part in boxes]) if background else None
    total(losses_of(model, [sample_of(names) for names in labels], background=given)).backward()
    for name, parameter in model.named_parameters():
        assert not parameter.requires_grad or parameter.grad.isfinite().all(), name


def test_background_weighs_the_negatives():
    samples = [sample_of((0, 1)), sample_of((2, ))]
    seen = []

    def background(boxes):
        seen.extend(boxes)
        return [torch.zeros(len(part)) for part in boxes]

    plain, weighed = losses_of(build(), samples), losses_of(build(), samples, background=background)
    assert len(seen) == 2 and all(len(part) for part in seen)
    assert {name for name in plain if name != 'acc' and not torch.equal(
        flat(plain)[name], flat(weighed)[name])} == {'loss_cls'}


class Uncopyable:
    """Masks that must not be copied, as deepcopy of full-size masks is slow."""

    def __init__(self, masks):
        self.masks = masks

    def __len__(self):
        return len(self.masks)

    def __getattr__(self, name):
        return getattr(self.__dict__['masks'], name)

    def __deepcopy__(self, memo):
        raise AssertionError('copied')


def test_masks_are_not_copied_and_samples_stay():
    samples = [sample_of((1, 2))]
    samples[0].gt_instances.masks = Uncopyable(samples[0].gt_instances.masks)
    losses_of(build(), samples)
    assert samples[0].gt_instances.labels.tolist() == [1, 2]
    with pytest.raises(AssertionError, match='copied'):
        losses_of(build(**PLAIN), samples)


def test_ignored_boxes_reach_the_rpn():
    """A crowd over the whole image: with mmdet's thresholds no anchor in it is background."""
    crowd, results = torch.tensor([[0.0, 0.0, 64.0, 64.0]]), []
    for kind in (PLAIN, dict(mask_head='FCNMaskHead')):
        model, sample = build(**kind), sample_of((0, ))
        model.rpn_head.assigner.ignore_iof_thr = model.roi_head.bbox_assigner.ignore_iof_thr = 0.5
        sample.ignored_instances = InstanceData(bboxes=crowd, labels=torch.zeros(1).long())
        results.append(flat(losses_of(model, [sample])))
    for name, value in results[0].items():
        assert results[1][name].item() == pytest.approx(value.item(), rel=1e-5), name
    without = flat(losses_of(build(mask_head='FCNMaskHead'), [sample_of((0, ))]))
    assert without['loss_rpn_cls'] != results[1]['loss_rpn_cls']


def test_losses_of_a_joint_forward():
    """Features of both kinds of images at once, losses of each."""
    model, samples = build().train(), [sample_of((0, 1)), sample_of((2, ))]
    levels = model.extract_feat(images_of(2))
    torch.manual_seed(0)
    whole = flat(model.loss_of_features(levels, samples))
    assert whole.keys() == flat(losses_of(build(), samples)).keys()
    for name, value in flat(losses_of(build(), samples)).items():
        assert torch.allclose(whole[name], value), name


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


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast(dtype):
    """On a CPU, where mmdet's own Mask R-CNN fails in its NMS."""
    model = build()
    with torch.autocast('cpu', dtype=dtype):
        losses = losses_of(model, [sample_of((0, 1)), sample_of(())])
    total(losses).backward()
    assert all(value.isfinite() for value in flat(losses).values())
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)
    with torch.autocast('cpu', dtype=dtype):
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


@pytest.mark.parametrize('name, classes', [('r50', 80), ('lite0', 7)])
def test_base_configs_build(name, classes, request):
    from mmdet.registry import MODELS
    cfg = Config.fromfile(request.config.rootpath / BASES.format(name))
    model = MODELS.build(cfg.detector)
    assert cfg.model == {} and cfg.num_classes == classes
    assert model.roi_head.bbox_head.fc_cls.out_features == classes + 1
    assert model.roi_head.mask_head.conv_logits.out_channels == classes
    assert sum(p.numel() for p in model.roi_head.mask_head.iou_branch.parameters()) < 1e6
