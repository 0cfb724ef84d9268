"""Pipelines that would misplace pseudo labels are refused when the data set is built."""

import pytest
from mmcv.transforms import Compose
from toy_data import BRANCHES, labeled_pipeline, pack, unlabeled_pipeline

from mmssis.datasets import check_pipeline_geometry
from mmssis.datasets.pipeline_geometry import NO_HOMOGRAPHY, check_branch_fields

LOAD = dict(type='LoadImageFromFile')
FLIP = dict(type='RandomFlip', prob=0.5)
CROP = dict(type='RandomCrop', crop_size=(4, 4))
JITTER = dict(type='StrongPhotometric')


def with_branch(*transforms):
    return [LOAD, dict(type='MultiBranch', branch_field=BRANCHES, unsup_teacher=pack(),
                       unsup_student=[*transforms, *pack()])]


def in_choice(*transforms):
    return dict(type='RandomChoice', transforms=[[t] for t in transforms])


@pytest.mark.parametrize('pipeline, settings, message', [
    pytest.param(with_branch(FLIP), dict(), 'branch "unsup_student" alone', id='branch_geometry'),
    pytest.param(with_branch(in_choice(JITTER, FLIP)), dict(), 'RandomFlip', id='nested'),
    pytest.param(with_branch(dict(type='RandomApply', transforms=[FLIP])), dict(), 'RandomFlip',
                 id='random_apply'),
    pytest.param(with_branch(dict(type='Expand')), dict(same_geometry=False), 'homography',
                 id='branch_no_homography'),
    pytest.param(with_branch(dict(type='EdgeShearX')), dict(), 'branch "unsup_student" alone',
                 id='branch_shear'),
    pytest.param(with_branch(in_choice(JITTER, dict(type='Rotate'))), dict(same_geometry=False),
                 'Use EdgeRotate', id='index_rotation'),
    pytest.param(with_branch(dict(type='ShearX')), dict(same_geometry=False), 'Use EdgeShearX',
                 id='index_shear'),
    pytest.param(
        [LOAD, dict(type='MultiBranch', branch_field=['a'], a=[FLIP, dict(type='PackDetInputs')])],
        dict(same_geometry=False, unlabeled=True), 'meta_keys', id='homography_left_behind'),
    pytest.param([LOAD, dict(type='Expand')], dict(unlabeled=True), 'homography',
                 id='unlabeled_no_homography'),
    pytest.param([LOAD, dict(type='mmdet.Albu')], dict(unlabeled=True), 'homography', id='scope'),
    pytest.param([LOAD, CROP], dict(unlabeled=True), 'allow_negative_crop=True', id='crop'),
    pytest.param([LOAD, dict(type='FilterAnnotations')], dict(unlabeled=True), 'keep_empty',
                 id='filter'),
])
def test_gap_2_9_misplacing_transforms_are_refused(pipeline, settings, message):
    with pytest.raises(ValueError, match=message):
        check_pipeline_geometry(pipeline, **settings)


@pytest.mark.parametrize('pipeline, settings', [
    pytest.param(labeled_pipeline(), dict(), id='labeled'),
    pytest.param(unlabeled_pipeline(), dict(unlabeled=True), id='unlabeled'),
    pytest.param([LOAD, dict(type='Mosaic'), FLIP], dict(), id='labeled_mosaic'),
    pytest.param([LOAD, CROP], dict(), id='labeled_crop'),
    pytest.param([LOAD, dict(CROP, allow_negative_crop=True)], dict(unlabeled=True), id='crop'),
    pytest.param([dict(type='FilterAnnotations', keep_empty=False)], dict(unlabeled=True),
                 id='filter'),
    pytest.param(with_branch(FLIP, dict(type='EdgeRotate')), dict(same_geometry=False),
                 id='views_that_record'),
    pytest.param([LOAD, dict(type='Rotate')], dict(unlabeled=True, same_geometry=False),
                 id='rotation_of_both_views'),
    pytest.param([], dict(unlabeled=True), id='empty'),
])
def test_other_pipelines_pass(pipeline, settings):
    check_pipeline_geometry(pipeline, **settings)


@pytest.mark.parametrize('pipeline, settings', [
    pytest.param(with_branch(dict(type='EdgeRotate')), dict(), id='edge_geometry'),
    pytest.param(with_branch(dict(type='RandAugment')), dict(same_geometry=False),
                 id='index_rotation'),
    pytest.param(with_branch(FLIP), dict(), id='geometry'),
    pytest.param([LOAD, CROP], dict(unlabeled=True), id='crop'),
    pytest.param(with_branch(dict(type='TranslateX')), dict(), id='derived'),
])
def test_built_transforms_are_recognised(pipeline, settings):
    with pytest.raises(ValueError):
        check_pipeline_geometry(Compose(pipeline).transforms, **settings)


@pytest.mark.parametrize('kind', ['EdgeRotate', 'EdgeShearX', 'EdgeShearY', 'UniformTranslateX'])
def test_our_own_versions_of_refused_transforms_pass(kind):
    pipeline = with_branch(dict(type=kind, max_mag=0.1))
    check_pipeline_geometry(Compose(pipeline).transforms, unlabeled=True, same_geometry=False)


def test_message_names_the_place():
    with pytest.raises(ValueError, match=r'mine\[1\] \(MultiBranch\).unsup_student\[0\] '):
        check_pipeline_geometry(with_branch(FLIP), name='mine')


@pytest.mark.parametrize('name', sorted(NO_HOMOGRAPHY))
def test_gap_2_9_every_listed_transform_exists(name):
    from mmdet.registry import TRANSFORMS
    assert TRANSFORMS.get(name) is not None


def test_branch_fields_must_agree():
    with pytest.raises(ValueError, match='branch_field'):
        check_branch_fields(labeled_pipeline(), [LOAD])
    check_branch_fields(labeled_pipeline(), unlabeled_pipeline())
