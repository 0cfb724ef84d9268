"""SemiConcatDataset: classes, seeding, unreadable images, wrapped data sets."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS
from mmengine.runner import Runner
from toy_data import CLASSES, pack, unlabeled_pipeline, write_images

from mmssis.datasets.samplers import StreamIndex


def build(cfg):
    return DATASETS.build(cfg)


def loader(dataset, num_workers=0, seed=3, **settings):
    return Runner.build_dataloader(
        dict(batch_size=4, num_workers=num_workers, dataset=dataset,
             sampler=dict(type='DefaultSampler', shuffle=False),
             batch_sampler=dict(type='SemiBatchSampler', **settings)), seed=seed)


def tensors(batch):
    return [t for branch in sorted(batch['inputs']) for t in batch['inputs'][branch]
            if t is not None]


def test_order_length_and_metainfo(semi_data):
    dataset = build(semi_data)
    assert len(dataset) == 10 and dataset.metainfo['classes'] == CLASSES
    assert 'labeled' in dataset.get_data_info(3)['img_path'].split('/')
    assert 'unlabeled' in dataset.get_data_info(4)['img_path'].split('/')
    assert dataset.datasets[1].metainfo['classes'] == CLASSES


def test_each_sample_fills_its_branches(semi_data):
    dataset = build(semi_data)
    filled = [{b for b, t in dataset[i]['inputs'].items() if t is not None} for i in (0, 5)]
    assert filled == [{'sup', 'sup_strong'}, {'unsup_teacher', 'unsup_student'}]


def test_views_share_geometry(semi_data):
    dataset = build(semi_data)
    flips = set()
    for position in range(8):
        data_samples = dataset[StreamIndex(5, position, 1, 0)]['data_samples']
        teacher, student = data_samples['unsup_teacher'].flip, data_samples['unsup_student'].flip
        assert teacher == student
        flips.add(teacher)
    assert flips == {True, False}


def test_sample_depends_on_position_alone(semi_data):
    dataset = build(semi_data)
    first = dataset[StreamIndex(5, 8, 1, 0)]['inputs']['unsup_student']
    np.random.seed(11)
    torch.manual_seed(11)
    again = dataset[StreamIndex(5, 8, 1, 0)]['inputs']['unsup_student']
    other = dataset[StreamIndex(5, 9, 1, 0)]['inputs']['unsup_student']
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize('num_workers', [1, 2])
def test_workers_change_nothing(semi_data, num_workers):
    alone = list(islice(loader(semi_data, burn_in=1), 3))
    shared = list(islice(loader(semi_data, num_workers, burn_in=1), 3))
    for batch, other in zip(alone, shared):
        assert len(tensors(batch)) == len(tensors(other))
        assert all(torch.equal(a, b) for a, b in zip(tensors(batch), tensors(other)))


def test_burn_in_reads_no_unlabeled_image(semi_data, tmp_path):
    batches = iter(loader(semi_data, burn_in=2))
    for path in (tmp_path / 'unlabeled').iterdir():
        path.unlink()
    assert [len(next(batches)['inputs']['sup']) for _ in range(2)] == [2, 2]
    with pytest.raises(OSError):
        next(batches)


def test_other_classes_are_refused_with_both_lists(semi_data):
    semi_data['datasets'][1]['metainfo'] = dict(classes=('dog', 'cat'))
    with pytest.raises(ValueError, match=r"(?s)\('cat', 'dog'\).*\('dog', 'cat'\)"):
        build(semi_data)


def test_no_classes_at_all_is_refused(semi_data):
    unlabeled = semi_data['datasets'][1]
    with pytest.raises(ValueError, match='names no classes'):
        build(dict(semi_data, datasets=[unlabeled, unlabeled]))


def test_same_classes_with_another_palette_pass(semi_data):
    semi_data['datasets'][1]['metainfo'] = dict(classes=list(CLASSES), palette=[(1, 2, 3)] * 2)
    assert build(semi_data).metainfo['classes'] == CLASSES


@pytest.mark.parametrize('change, message', [
    pytest.param(dict(metainfo=dict(classes=('cow', ))), 'cow', id='unknown_class'),
    pytest.param(dict(metainfo=dict(classes=('dog', 'cat'))), 'order', id='class_order'),
])
def test_gap_2_18_coco_errors_name_the_cause(semi_data, change, message):
    semi_data['datasets'][0].update(change)
    with pytest.raises(ValueError, match=message):
        build(semi_data)


def test_gap_2_18_image_without_size(semi_data, tmp_path):
    path = tmp_path / 'labeled.json'
    path.write_text(path.read_text().replace('"height": 24, ', '', 1))
    with pytest.raises(ValueError, match='image with id 0 has no "height"'):
        build(semi_data)


def test_geometry_in_a_branch_is_refused(semi_data):
    pipeline = unlabeled_pipeline()
    pipeline[-1]['unsup_student'].insert(0, dict(type='RandomFlip', prob=1.))
    semi_data['datasets'][1]['pipeline'] = pipeline
    with pytest.raises(ValueError, match='same geometry'):
        build(semi_data)
    build(dict(semi_data, same_geometry=False))


def test_several_labeled_sets_and_repeats(semi_data):
    labeled, unlabeled = semi_data['datasets']
    both = dict(type='ConcatDataset', datasets=[labeled, labeled])
    semi_data['datasets'] = [dict(type='RepeatDataset', times=2, dataset=both), unlabeled]
    dataset = build(semi_data)
    assert len(dataset.datasets[0]) == 16 and len(dataset) == 22
    labeled['pipeline'].insert(0, dict(type='MultiBranch', branch_field=['x'], x=pack()))
    with pytest.raises(ValueError, match='branch_field'):
        build(semi_data)


def damage(semi_data, keep):
    """Replace all but ``keep`` unlabeled images by text, and read them with the robust loader."""
    root = Path(semi_data['datasets'][1]['data_root'])
    for path in sorted(root.iterdir())[keep:]:
        path.write_text('no image')
    semi_data['datasets'][1]['pipeline'][0] = dict(type='LoadImageRobust')


def test_unreadable_image_is_named(semi_data):
    damage(semi_data, keep=5)
    with pytest.raises(OSError, match='9.png'):
        build(semi_data)[9]


def test_unreadable_image_is_skipped_within_its_source(semi_data):
    damage(semi_data, keep=2)
    dataset = build(dict(semi_data, on_unreadable='skip'))
    for position in range(6):
        sample = dataset[StreamIndex(9, position, 1, 0)]
        assert sample['data_samples']['unsup_teacher'].img_id in (0, 1)
        again = dataset[StreamIndex(9, position, 1, 0)]
        assert again['data_samples']['unsup_teacher'].img_id == sample['data_samples'][
            'unsup_teacher'].img_id


def test_all_images_unreadable_ends_in_an_error(semi_data):
    damage(semi_data, keep=0)
    with pytest.raises(OSError, match='images in a row'):
        build(dict(semi_data, on_unreadable='skip'))[9]


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(datasets=[]), 'labeled, unlabeled', id='no_sets'),
    pytest.param(dict(on_unreadable='hope'), 'on_unreadable', id='policy'),
])
def test_wrong_settings_are_named(semi_data, settings, message):
    with pytest.raises(ValueError, match=message):
        build(dict(semi_data, **settings))


def test_plain_folder_of_new_images_is_seen(semi_data, tmp_path):
    write_images(tmp_path / 'unlabeled' / 'more', 2, start=20)
    assert len(build(semi_data)) == 12
