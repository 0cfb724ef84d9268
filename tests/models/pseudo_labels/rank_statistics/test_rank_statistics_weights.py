"""RankStatisticsWeights against loops, its banks, its edges, and its hosts."""

import io

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from reference.rank_equations import rank_overlap_map
from torch import nn
from toy import labeled_sample, toy_model
from toy_box_teacher import HOOKS, box_batch, build_box_teacher
from toy_mask_rcnn import flat
from toy_pais import build_pais, pais_batch

from mmssis.models.pseudo_labels import RankStatisticsWeights
from mmssis.structures import BoxMaps, project_classes

K, D, GRID, SIZE = 3, 6, 8, 32
PIXELS = 'panoptic_head.pixel_decoder.output_convs.0'
ALL = dict(type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0, min_area=0)


class Layer(nn.Module):
    """A teacher of one layer, which gives what it is given."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Identity()
        self.eval()

    def show(self, features):
        self.layer(features)


def hook_and_teacher(**settings):
    teacher = Layer()
    hook = RankStatisticsWeights('layer', **dict(dict(channels=D, num_classes=K, k=2), **settings))
    hook.attach(teacher)
    return hook, teacher


def pseudo_labels(labels=(0, 2), seed=0, **fields):
    generator = torch.Generator().manual_seed(seed)
    count = len(labels)
    return InstanceData(
        metainfo=dict(input_shape=(SIZE, SIZE)), labels=torch.tensor(labels, dtype=torch.long),
        class_scores=torch.rand(count, generator=generator),
        mask_logits=torch.randn(count, GRID, GRID, generator=generator), **fields)


def features_of(images, seed=5):
    return torch.randn(images, D, GRID, GRID, generator=torch.Generator().manual_seed(seed))


def learned(hook, teacher, labels=(0, 1), images=2):
    """Fill the labeled bank from images with square masks."""
    samples = [labeled_sample(SIZE, ()) for _ in range(images)]
    for sample in samples:
        sample.gt_instances = labeled_sample(SIZE, labels).gt_instances
        masks = np.zeros((len(labels), SIZE, SIZE), np.uint8)
        for i in range(len(labels)):
            masks[i, 8 * i:8 * i + 8, :16] = 1
        sample.gt_instances.masks.masks = masks
    teacher.show(features_of(images))
    hook.learn([pseudo_labels(()) for _ in range(images)], samples)


def expected_weights(hook, features, instances, missing=1.0):
    """Overlap and weight of each pixel, by loops."""
    classes = project_classes(instances, K, (GRID, GRID)).classes
    overlap = torch.tensor(rank_overlap_map(
        features.tolist(), classes.tolist(), hook.prototypes().tolist(), hook.k, missing))
    return overlap, (hook.offset + overlap) / (hook.offset + 1)


@pytest.mark.parametrize('offset', [0.25, 0.0])
def test_weights_are_those_of_the_loop(offset):
    hook, teacher = hook_and_teacher(offset=offset)
    learned(hook, teacher)
    features = features_of(2, seed=1).half()
    teacher.show(features)
    before = [pseudo_labels((0, 2, 1)), pseudo_labels((1, ), seed=3)]
    after = hook([instances[:] for instances in before], None)
    for image, instances, old in zip(features, after, before):
        _, weights = expected_weights(hook, image.float(), old)
        assert instances.pixel_weights.shape == old.mask_logits.shape
        assert torch.allclose(instances.pixel_weights, weights.expand(len(old), -1, -1))
        assert set(instances.keys()) == {*old.keys(), 'pixel_weights'}
    assert after[0].pixel_weights.min() < 1 and not after[0].pixel_weights.requires_grad


def test_released_form_is_1_plus_s_over_k():
    hook, teacher = hook_and_teacher(offset=1.0, normalize=False)
    learned(hook, teacher)
    teacher.show(features_of(1, seed=1))
    weights = hook([pseudo_labels()], None)[0].pixel_weights
    assert set(weights.unique().tolist()) <= {1.0, 1.5, 2.0}


def test_weights_that_are_there_are_multiplied():
    """PL-DC's uncertainty stands before this hook."""
    hook, teacher = hook_and_teacher()
    learned(hook, teacher)
    uncertainty = torch.rand(2, GRID, GRID)
    features = features_of(1, seed=1)
    teacher.show(features)
    plain = hook([pseudo_labels()], None)[0].pixel_weights
    teacher.show(features)
    both = hook([pseudo_labels(pixel_weights=uncertainty)], None)[0].pixel_weights
    assert torch.allclose(both, uncertainty * plain)


def test_empty_in_empty_out_and_an_empty_image_beside_a_full_one():
    hook, teacher = hook_and_teacher(instance_weights=True)
    learned(hook, teacher)
    teacher.show(features_of(2, seed=1))
    empty, full = hook([pseudo_labels(()), pseudo_labels()], None)
    assert empty.pixel_weights.shape == (0, GRID, GRID) and empty.cls_weights.shape == (0, )
    assert len(empty) == 0 and len(full) == 2


def test_coarser_features_weigh_masks_of_stride_4():
    hook, teacher = hook_and_teacher()
    learned(hook, teacher)
    teacher.show(features_of(1, seed=1)[..., ::2, ::2])
    weights = hook([pseudo_labels()], None)[0].pixel_weights
    assert weights.shape == (2, GRID, GRID)
    assert torch.equal(weights, weights[:, ::2, ::2].repeat_interleave(2, 1)
                       .repeat_interleave(2, 2))


def test_instance_weights_are_mean_overlap_times_beta_without_agreement():
    hook, teacher = hook_and_teacher(instance_weights=True, disagreement=0.25)
    learned(hook, teacher)
    features = features_of(1, seed=1)
    given = dict(agreement=torch.tensor([True, False]), cls_weights=torch.tensor([0.5, 3.0]))
    teacher.show(features)
    weights = hook([pseudo_labels(**given)], None)[0].cls_weights
    overlap, _ = expected_weights(hook, features[0], pseudo_labels())
    means = torch.stack([overlap[mask >= 0].mean() for mask in pseudo_labels().mask_logits])
    assert torch.allclose(weights, means * torch.tensor([0.5, 0.25 * 3.0]))


def test_a_mask_smaller_than_a_cell_keeps_its_class_weight():
    hook, teacher = hook_and_teacher(instance_weights=True)
    learned(hook, teacher)
    instances = pseudo_labels((0, ))
    instances.mask_logits -= 100
    teacher.show(features_of(1))
    assert hook([instances], None)[0].cls_weights.tolist() == [1.0]


def test_labeled_bank_holds_pixels_of_their_class_from_every_image():
    hook, teacher = hook_and_teacher(samples_per_image=2)
    learned(hook, teacher)
    assert hook.labeled.counts.tolist() == [4, 4, 0, 4]
    features = features_of(2).permute(0, 2, 3, 1)
    classes = torch.full((GRID, GRID), K)
    classes[:2, :4], classes[2:4, :4] = 0, 1
    for label in (0, 1, K):
        allowed = {tuple(row) for row in features[:, classes == label].flatten(0, 1).tolist()}
        assert {tuple(row) for row in hook.labeled.features[label, -4:].tolist()} <= allowed
    learned(hook, teacher, labels=())
    assert hook.labeled.counts.tolist() == [4, 4, 0, 8], 'no instance: background alone'


def agree(instances, agreement, box=(0, 0, SIZE, SIZE)):
    """The fields of DetectorAgreement: a box for the instances that agree."""
    instances.agreement = torch.tensor(agreement)
    instances.agreed_boxes = instances.agreement[:, None] * torch.tensor(box).float()


@pytest.mark.parametrize('training, agreement, counts', [
    pytest.param(True, [True, False], [1, 0, 0, 0], id='an agreeing instance'),
    pytest.param(True, [False, False], [0, 0, 0, 0], id='none agrees'),
    pytest.param(False, [True, True], [0, 0, 0, 0], id='not in training'),
])
def test_reliable_bank(training, agreement, counts):
    hook, teacher = hook_and_teacher()
    hook.train(training)
    instances = pseudo_labels((0, 2))
    instances.mask_logits = torch.full((2, GRID, GRID), -9.0)
    instances.mask_logits[0, :2], instances.mask_logits[1, 4:] = 2.0, 9.0
    instances.mask_logits[0, 0, 0] = 3.0  # 0.953: the only certain cell of the first
    if agreement is not None:
        agree(instances, agreement)
    features = features_of(1, seed=1)
    teacher.show(features)
    hook([instances], None)
    assert hook.reliable.counts.tolist() == counts
    if counts[0]:
        assert torch.equal(hook.reliable.features[0, -1], features[0, :, 0, 0])
    assert not hook.labeled.has_features.any()


@pytest.mark.parametrize('box, reliable', [
    pytest.param((0, 0, SIZE, SIZE), (slice(1, 4), slice(1, 7)), id='the whole image'),
    pytest.param((4, 4, 13.9, 14), (slice(1, 3), slice(1, 3)), id='a centre on the far edge'),
    pytest.param((6, 10, 28, 16), (slice(2, 4), slice(1, 7)), id='a centre on the near edge'),
    pytest.param((20, 20, 32, 32), (slice(0), slice(0)), id='beside the mask'),
])
def test_reliable_pixels_lie_in_the_box_that_agrees(box, reliable):
    """Facts B6, step 4: the part of a mask that spills over its box is not vouched for."""
    hook, _ = hook_and_teacher()
    instances = pseudo_labels((1, ))
    instances.mask_logits = torch.full((1, GRID, GRID), -9.0)
    instances.mask_logits[0, 1:4, 1:7] = 9.0
    agree(instances, [True], box)
    expected = torch.full((GRID, GRID), -1)
    expected[reliable] = 1
    projected = project_classes(instances, K, (GRID, GRID))
    assert torch.equal(hook._reliable_classes(instances, projected), expected)


def test_a_class_of_reliable_pixels_alone_has_no_prototype():
    """Facts B3: the labeled bank must have the class; a prototype is the mean over both."""
    hook, teacher = hook_and_teacher()
    hook.labeled.update(torch.eye(D)[:2], torch.tensor([1, K]))
    hook.reliable.update(torch.eye(D)[2:4], torch.tensor([0, 1]))
    expected = torch.zeros(K + 1, D)
    expected[1, [0, 3]], expected[K, 1] = 0.5, 1.0
    assert torch.allclose(hook.prototypes(), expected)
    instances = pseudo_labels((0, ))
    instances.mask_logits = torch.full((1, GRID, GRID), 9.0)
    teacher.show(features_of(1))
    assert (hook([instances], None)[0].pixel_weights == 1).all()


def test_a_resumed_hook_goes_on_with_equal_banks():
    hook, teacher = hook_and_teacher(bank_size=3)
    for _ in range(3):
        learned(hook, teacher)
    stored = io.BytesIO()
    torch.save(hook.state_dict(), stored)
    stored.seek(0)
    resumed, other = hook_and_teacher(bank_size=3)
    resumed.load_state_dict(torch.load(stored, weights_only=True))
    for one, its in ((hook, teacher), (resumed, other)):
        torch.manual_seed(7)
        learned(one, its)
    assert all(torch.equal(value, resumed.state_dict()[name])
               for name, value in hook.state_dict().items())
    assert set(hook.state_dict()) == {f'{bank}.{part}' for bank in ('labeled', 'reliable')
                                      for part in ('features', 'counts')}


def test_wants_labels_by_the_iteration_alone():
    hook, _ = hook_and_teacher(labeled_interval=4)
    assert [i for i in range(10) if hook.wants_labels(i)] == [0, 4, 8]


def test_refuses_settings():
    for settings, message in [
            (dict(k=0), r'k = 0: .*\[1, 6\]'),  # no channel
            (dict(k=D + 1), r'k = 7: .*\[1, 6\]'),  # more channels than there are
            (dict(offset=-1.0), 'offset = -1'),  # offset
            (dict(certain=1.5), 'certain = 1.5'),  # certain
            (dict(disagreement=-0.5), 'disagreement = -0.5'),  # disagreement
            (dict(labeled_interval=0), 'labeled_interval = 0'),  # interval
            (dict(samples_per_image=0), 'samples_per_image = 0'),  # samples
    ]:
        with pytest.raises(ValueError, match=message):
            hook_and_teacher(**settings)


def test_refuses_another_number_of_classes_channels_and_layers():
    hook, teacher = hook_and_teacher()
    with pytest.raises(ValueError, match='num_classes = 3 .* the data has 2'):
        hook.prepare(('a', 'b'))
    teacher.show(torch.zeros(1, D + 1, GRID, GRID))
    with pytest.raises(ValueError, match=r'\(1, 7, 8, 8\): set channels = 6'):
        hook([pseudo_labels()], None)
    with pytest.raises(RuntimeError, match='attach'):
        RankStatisticsWeights('layer', D, K)([pseudo_labels()], None)
    wrong = dict(type='RankStatisticsWeights', layer='pixel_decoder.output_convs.0', channels=32,
                 num_classes=K)
    with pytest.raises(ValueError, match=f'no such layer.*{PIXELS}'):
        MODELS.build(toy_model(dict(ranks=wrong)))


HOSTS = {
    'mask2former': dict(layer=PIXELS, channels=32),
    'knet': dict(layer='kernel_head.sem_conv', channels=32),
    'mask-rcnn': dict(layer='neck.fpn_convs.0.conv', channels=16),
}


@pytest.mark.parametrize('kind', HOSTS)
def test_hosts_with_views_of_different_geometry(kind):
    """PAIS: the student's losses read the weights, on the grid or in the form that it needs."""
    ranks = dict(type='RankStatisticsWeights', num_classes=K, instance_weights=True, **HOSTS[kind])
    model = build_pais(kind, hooks=dict(
        all=ALL, da_loss=dict(type='AligningWeights'), ranks=ranks))
    batch = pais_batch()
    model.set_clock(0, 10)
    losses = flat(model.loss(**batch))
    assert all(torch.isfinite(value) for value in losses.values())
    sum(losses.values()).backward()
    seen = [sample.gt_instances for sample in batch['multi_batch_data_samples']['unsup_student']]
    assert sum(map(len, seen)) and all('pixel_weights' in instances for instances in seen)
    assert all(isinstance(instances.pixel_weights, BoxMaps) == (kind == 'mask-rcnn')
               for instances in seen)
    hook = model.pseudo_label_hooks.ranks
    assert hook.labeled.counts.tolist() == [2, 2, 0, 2] and not hook.reliable.has_features.any()


def test_condinst_with_labels_of_all_kinds():
    """BoxTeacher: true boxes get pixel weights for their pseudo masks too."""
    ranks = dict(type='RankStatisticsWeights', num_classes=K, channels=8, labeled_interval=1,
                 layer='mask_head.mask_feature_head.conv_branch')
    model = build_box_teacher(hooks=dict(HOOKS, ranks=ranks))
    batch = box_batch((0, 1), None, sup=2)
    losses = flat(model.loss(**batch))
    assert all(torch.isfinite(value) for value in losses.values())
    sum(losses.values()).backward()
    boxes, nothing = (sample.gt_instances for sample in
                      batch['multi_batch_data_samples']['unsup_student'])
    assert len(boxes) == 2 and len(nothing)
    for instances in (boxes, nothing):
        assert instances.pixel_weights.shape == instances.masks.shape
        assert 0.2 <= instances.pixel_weights.min() < instances.pixel_weights.max() <= 1
    assert model.pseudo_label_hooks.ranks.labeled.has_features.any()


def test_weights_of_mask_rcnn_are_those_of_the_image_below_the_box():
    hook, teacher = hook_and_teacher()
    hook.labeled.update(torch.eye(D)[:2], torch.tensor([0, K]))
    features = torch.zeros(1, D, GRID, GRID)
    features[:, 0, :, :4], features[:, 1, :, 4:] = 1.0, 1.0
    teacher.show(features)
    instances = pseudo_labels((0, ))
    instances.mask_logits = torch.full((1, 28, 28), 5.0)
    instances.mask_boxes = instances.bboxes = torch.tensor([[8.0, 8, 24, 24]])
    weights = hook([instances], None)[0].pixel_weights
    assert weights.shape == (1, 28, 28)
    inner = weights[0, 4:24, 4:24]  # half a cell away from the background around the box
    assert torch.allclose(inner[:, :6], torch.tensor(1.0))
    assert torch.allclose(inner[:, -6:], torch.tensor(0.2))
