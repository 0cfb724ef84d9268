"""SemiDataset: classes, seeding, unreadable images, wrapped data sets."""

from itertools import islice
from pathlib import Path

import pytest
import torch
from mmdet.registry import DATASETS
from mmengine.runner import Runner
from toy_data import CLASSES, pack, unlabeled_pipeline

from mmssis.datasets.samplers import StreamIndex


def build(cfg):
    return DATASETS.build(cfg)


def first_images(dataset, num_workers):
    """Images of the first three batches, of which the first is one of burn-in."""
    loader = Runner.build_dataloader(
        dict(batch_size=4, num_workers=num_workers, dataset=dataset,
             sampler=dict(type='DefaultSampler', shuffle=False),
             batch_sampler=dict(type='SemiBatchSampler', labeled=2, unlabeled=2)), seed=3)
    loader.batch_sampler.set_burn_in(1)
    return [image for batch in islice(loader, 3) for images in batch['inputs'].values()
            for image in images if image is not None]


def test_order_length_metainfo_and_branches(semi_data):
    dataset = build(semi_data)
    assert len(dataset) == 10 and dataset.metainfo['classes'] == CLASSES
    assert 'labeled' in dataset.get_data_info(3)['img_path'].split('/')
    assert 'unlabeled' in dataset.get_data_info(4)['img_path'].split('/')
    assert list(dataset.sources) == ['labeled', 'unlabeled']
    assert dataset.sources['unlabeled'].metainfo['classes'] == CLASSES
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


def test_workers_change_nothing(semi_data):
    alone, shared = first_images(semi_data, 0), first_images(semi_data, 2)
    assert len(alone) == len(shared) == 4 + 8 + 8
    assert all(torch.equal(one, other) for one, other in zip(alone, shared))


@pytest.mark.parametrize('source, change, message', [
    pytest.param('unlabeled', dict(metainfo=dict(classes=('dog', 'cat'))),
                 r"dataset.unlabeled stand in the order \['dog', 'cat'\], expected "
                 r"\['cat', 'dog'\] as in train_dataloader.dataset.labeled", id='other_order'),
    pytest.param('labeled', dict(metainfo=dict(classes=('cow', ))), "lack .'cow'.", id='gap_2_18'),
    pytest.param('labeled', dict(metainfo=dict(classes=('dog', 'cat'))),
                 'labeled.json: its categories stand in the order', id='gap_2_18_order'),
    pytest.param('labeled', dict(type='UnlabeledCocoDataset', filter_cfg=None),
                 'dataset.labeled is a UnlabeledCocoDataset, whose images have no labels',
                 id='no_labels'),
    pytest.param('labeled', dict(type='BoxLabeledCocoDataset'),
                 'give it as train_dataloader.dataset.boxes', id='boxes_as_labeled'),
])
def test_a_source_that_is_not_what_its_name_says_is_refused(semi_data, source, change, message):
    semi_data[source].update(change)
    with pytest.raises(ValueError, match=message):
        build(semi_data)


def test_no_classes_at_all_is_refused(semi_data):
    labeled = build(semi_data['labeled'])
    labeled._metainfo = {}
    with pytest.raises(ValueError, match='dataset.labeled names no classes'):
        build(dict(semi_data, labeled=labeled))


def test_gap_2_18_image_without_size(semi_data, tmp_path):
    path = tmp_path / 'labeled.json'
    path.write_text(path.read_text().replace('"height": 24, ', '', 1))
    with pytest.raises(ValueError, match=r'dataset.labeled: .*\(id 0\) has no "height"'):
        build(semi_data)


def test_geometry_in_a_branch_is_refused(semi_data):
    pipeline = unlabeled_pipeline()
    pipeline[-1]['unsup_student'].insert(0, dict(type='RandomFlip', prob=1.))
    semi_data['unlabeled']['pipeline'] = pipeline
    with pytest.raises(ValueError, match=r'unlabeled.pipeline\[.*same geometry'):
        build(semi_data)
    build(dict(semi_data, same_geometry=False))


def test_several_labeled_sets_and_repeats(semi_data):
    labeled = semi_data['labeled']
    both = dict(type='ConcatDataset', datasets=[labeled, labeled])
    semi_data['labeled'] = dict(type='RepeatDataset', times=2, dataset=both)
    dataset = build(semi_data)
    assert len(dataset.sources['labeled']) == 16 and len(dataset) == 22
    labeled['pipeline'].insert(0, dict(type='MultiBranch', branch_field=['x'], x=pack()))
    with pytest.raises(ValueError, match='branch_field'):
        build(semi_data)


def damage(semi_data, keep):
    """Replace all but ``keep`` unlabeled images by text, and read them with the robust loader."""
    root = Path(semi_data['unlabeled']['data_root'])
    for path in sorted(root.iterdir())[keep:]:
        path.write_text('no image')
    semi_data['unlabeled']['pipeline'][0] = dict(type='LoadImageRobust')


def test_unreadable_image_is_named(semi_data):
    damage(semi_data, keep=5)
    with pytest.raises(OSError, match='9.png'):
        build(semi_data)[9]


def test_unreadable_image_is_skipped_within_its_source(semi_data):
    damage(semi_data, keep=2)
    dataset = build(dict(semi_data, on_unreadable='skip'))
    for position in range(6):
        one, again = (dataset[StreamIndex(9, position, 1, 0)]['data_samples']['unsup_teacher']
                      for _ in range(2))
        assert one.img_id == again.img_id in (0, 1)


def test_all_images_unreadable_ends_in_an_error(semi_data):
    damage(semi_data, keep=0)
    with pytest.raises(OSError, match='images in a row'):
        build(dict(semi_data, on_unreadable='skip'))[9]


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(labeled=None, unlabeled=None), r'the sources \[\], from which', id='none'),
    pytest.param(dict(pseudo=dict()), "'unlabeled', 'pseudo'], from which no method learns",
                 id='pseudo_and_unlabeled'),
    pytest.param(dict(on_unreadable='hope'), 'dataset.on_unreadable', id='policy'),
])
def test_wrong_settings_are_named(semi_data, settings, message):
    with pytest.raises(ValueError, match=message):
        build(dict(semi_data, **settings))
