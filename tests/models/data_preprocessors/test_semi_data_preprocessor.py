"""Batches that lack a branch, and what the preprocessor tells about its pixels."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample

from mmssis.structures import PseudoLabelContext

BRANCHES = ('sup', 'sup_strong', 'unsup_teacher', 'unsup_student')


def inner(**settings):
    return dict(type='DetDataPreprocessor', pad_size_divisor=8, **settings)


def preprocessor(type='SemiDataPreprocessor', **settings):
    return MODELS.build(dict(type=type, data_preprocessor=inner(**settings)))


def batch(*images, size=(6, 10)):
    """A collated batch; each image is given as the names of its branches."""
    def item(make, names, branch):
        return make() if branch in names else None

    def column(make):
        return {branch: [item(make, names, branch) for names in images] for branch in BRANCHES}

    return dict(
        inputs=column(lambda: torch.randint(256, (3, *size), dtype=torch.uint8)),
        data_samples=column(lambda: DetDataSample(metainfo=dict(img_shape=size))))


LABELED, UNLABELED = BRANCHES[:2], BRANCHES[2:]


@pytest.mark.parametrize('images, lengths', [
    pytest.param([LABELED, LABELED], dict(sup=2, sup_strong=2), id='burn-in'),
    pytest.param([LABELED, UNLABELED],
                 dict(sup=1, sup_strong=1, unsup_teacher=1, unsup_student=1), id='one of each'),
    pytest.param([('sup', ), UNLABELED, UNLABELED],
                 dict(sup=1, unsup_teacher=2, unsup_student=2), id='no strong labeled view'),
])
def test_gap_2_17_absent_branches_are_left_out(images, lengths):
    result = preprocessor()(batch(*images), training=True)
    assert set(result) == {'inputs', 'data_samples'}
    for branches in result.values():
        assert {name: len(items) for name, items in branches.items()} == lengths
    for branch, images_of_branch in result['inputs'].items():
        assert images_of_branch.shape[1:] == (3, 8, 16), branch
        assert all(s.batch_input_shape == (8, 16) for s in result['data_samples'][branch])


def test_gap_2_17_mmdets_preprocessor_stops_at_an_absent_branch():
    """When this fails, upstream has mended it and SemiDataPreprocessor.forward can go."""
    with pytest.raises(AssertionError):
        preprocessor('MultiBranchDataPreprocessor')(batch(LABELED), training=True)


def test_gap_2_17_moving_returns_the_preprocessor_itself():
    ours = preprocessor()
    assert all(moved is ours for moved in (ours.to('cpu'), ours.to(device='cpu'), ours.cpu()))


def test_moving_reaches_the_inner_preprocessor():
    moved = preprocessor(mean=[1.0] * 3, std=[1.0] * 3).to('meta')
    assert moved.pixel_mean.device.type == 'meta' and moved.device.type == 'meta'


def test_not_training_takes_a_plain_batch():
    data = dict(inputs=[torch.zeros(3, 6, 10, dtype=torch.uint8)],
                data_samples=[DetDataSample(metainfo=dict(img_shape=(6, 10)))])
    assert preprocessor()(data, training=False)['inputs'].shape == (1, 3, 8, 16)


@pytest.mark.parametrize('settings, channels', [
    pytest.param(dict(mean=[120.0, 110.0, 100.0], std=[60.0, 50.0, 40.0], bgr_to_rgb=True), 'rgb',
                 id='to rgb'),
    pytest.param(dict(mean=[100.0, 110.0, 120.0], std=[1.0] * 3), 'bgr', id='bgr'),
    pytest.param(dict(bgr_to_rgb=True), 'rgb', id='rgb without normalisation'),
])
def test_pixels_can_be_turned_back_into_rgb(settings, channels):
    """As loaded, images are BGR; CLIP is to see RGB in [0, 1]."""
    ours = preprocessor(**settings)
    data = batch(UNLABELED)
    loaded = data['inputs']['unsup_teacher'][0].clone()
    images = ours(data, training=True)['inputs']['unsup_teacher']
    context = PseudoLabelContext(
        images=images, metas=[{}], progress=0.0, box_labels=[None],
        pixel_mean=ours.pixel_mean, pixel_std=ours.pixel_std, channels=ours.channels)
    assert ours.channels == channels
    assert ours.pixel_mean.shape == ours.pixel_std.shape == (3, 1, 1)
    assert torch.allclose(context.rgb_images()[0, :, :6, :10], loaded.flip(0).float() / 255,
                          atol=1e-5)
