"""Pipelines that would misplace pseudo labels are refused when the data set is built."""

import pytest
from mmcv.transforms import Compose
from mmdet.registry import TRANSFORMS
from toy_data import BRANCHES, labeled_pipeline, pack, unlabeled_pipeline

from mmssis.datasets import check_pipeline_geometry
from mmssis.datasets.checks.pipeline_geometry import NO_HOMOGRAPHY

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
    pytest.param(with_branch(dict(type='Expand')), dict(same_geometry=False), 'homography',
                 id='branch_no_homography'),
    pytest.param(with_branch(in_choice(JITTER, dict(type='Rotate'))), dict(same_geometry=False),
                 'Use EdgeRotate', id='index_rotation'),
    pytest.param(
        [LOAD, dict(type='MultiBranch', branch_field=['a'], a=[FLIP, dict(type='PackDetInputs')])],
        dict(same_geometry=False, unlabeled=True), 'meta_keys', id='homography_left_behind'),
    pytest.param([LOAD, dict(type='Expand')], dict(unlabeled=True), 'homography',
                 id='unlabeled'),
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
    pytest.param([LOAD, dict(CROP, allow_negative_crop=True)], dict(unlabeled=True), id='crop'),
    pytest.param([dict(type='FilterAnnotations', keep_empty=False)], dict(unlabeled=True),
                 id='filter'),
    pytest.param(with_branch(FLIP, dict(type='EdgeRotate')), dict(same_geometry=False),
                 id='views_that_record'),
    pytest.param([LOAD, dict(type='Rotate')], dict(unlabeled=True, same_geometry=False),
                 id='rotation_of_both_views'),
])
def test_other_pipelines_pass(pipeline, settings):
    check_pipeline_geometry(pipeline, **settings)


@pytest.mark.parametrize('step, settings, message', [
    pytest.param(FLIP, dict(), r'mine\[1\] \(MultiBranch\).unsup_student\[0\] ', id='place'),
    pytest.param(dict(type='EdgeRotate'), dict(), 'alone', id='our own class'),
    pytest.param(dict(type='TranslateX'), dict(), 'alone', id='derived'),
    pytest.param(dict(type='RandAugment'), dict(same_geometry=False), 'Rotate', id='contains it'),
    pytest.param(dict(type='EdgeRotate'), dict(unlabeled=True, same_geometry=False), None,
                 id='our own class, where it may be'),
])
def test_built_transforms_are_recognised(step, settings, message):
    pipeline = Compose(with_branch(step)).transforms
    if message is None:
        return check_pipeline_geometry(pipeline, **settings)
    with pytest.raises(ValueError, match=message):
        check_pipeline_geometry(pipeline, name='mine', **settings)


def test_gap_2_9_every_listed_transform_exists():
    assert all(TRANSFORMS.get(name) is not None for name in NO_HOMOGRAPHY)
