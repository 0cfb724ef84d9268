"""A user's data set on a base config that learns from pseudo labels on disk."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config
from toy_pseudo import pseudo_config

from mmssis.utils.data_set import apply_data_set

CLASSES = ('bolt', 'nut')


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Files of a data set with two classes; the images do not matter here."""
    for folder in ('images', 'more_images'):
        (tmp_path / 'mine' / folder).mkdir(parents=True)
    categories = [dict(id=i, name=name) for i, name in enumerate(CLASSES, 1)]
    for name in ('labeled', 'unlabeled', 'val'):
        (tmp_path / f'mine/{name}.json').write_text(
            json.dumps(dict(images=[], annotations=[], categories=categories)))
    return tmp_path / 'mine'


def load(root: Path, unlabeled: str, **changes) -> Config:
    """The toy student's config with a ``data_set``."""
    world = root.parent / 'world'
    world.mkdir()
    config = pseudo_config(world, val=True)
    cfg = Config(dict(
        config, test_dataloader=config['val_dataloader'], test_evaluator=config['val_evaluator'],
        data_set=dict(root=str(root), labeled='labeled.json', unlabeled=unlabeled, val='val.json',
                      image_dirs='images'),
        **changes))
    apply_data_set(cfg)
    return cfg


@pytest.mark.parametrize('unlabeled, images', [
    pytest.param('unlabeled.json', 'images', id='COCO file'),
    pytest.param('more_images', 'more_images', id='folder'),
])
def test_pseudo_labels_stay_and_their_images_follow(root, unlabeled, images):
    cfg = load(root, unlabeled)
    labeled, pseudo = cfg.train_dataloader.dataset.datasets
    assert labeled.ann_file == 'labeled.json' and labeled.data_root == str(root)
    assert pseudo.type == 'PseudoLabeledCocoDataset' and pseudo.data_root == ''
    assert Path(pseudo.ann_file).name == 'pseudo_labels.json'
    assert pseudo.data_prefix.img == str(root / images)
    assert pseudo.metainfo == labeled.metainfo and pseudo.metainfo.classes == CLASSES
    assert pseudo.pipeline and pseudo.filter_cfg.filter_empty_gt
    assert cfg.model.roi_head.bbox_head.num_classes == 2


def test_self_training_reads_the_same_files(root):
    plan = dict(teacher='teacher.py', labeled='a', unlabeled='b', image_root='c', preset='fast')
    cfg = load(root, 'more_images', self_training=plan)
    assert cfg.self_training == dict(
        plan, labeled=str(root / 'labeled.json'), unlabeled=str(root / 'more_images'),
        image_root=str(root / 'more_images'))


def test_a_teacher_of_one_source_learns_from_the_labeled_file(root):
    cfg = load(root, 'more_images')
    cfg.train_dataloader = dict(batch_size=2, dataset=dict(type='CocoDataset', ann_file='a.json'))
    apply_data_set(cfg)
    dataset = cfg.train_dataloader.dataset
    assert (dataset.ann_file, dataset.data_root) == ('labeled.json', str(root))
    assert dataset.metainfo.classes == CLASSES


@pytest.mark.parametrize('unlabeled, kind, kept', [
    pytest.param('more_images', 'UnlabeledFolderDataset', dict(recursive=False, indices=10),
                 id='a folder as in the base'),
    pytest.param('unlabeled.json', 'UnlabeledCocoDataset', {}, id='a file where it had a folder'),
])
def test_settings_of_the_unlabeled_source_survive(root, unlabeled, kind, kept):
    cfg = load(root, unlabeled)
    labeled = cfg.train_dataloader.dataset.datasets[0]
    other = dict(type='UnlabeledFolderDataset', data_root='elsewhere', pipeline=[], recursive=False,
                 indices=10)
    cfg.train_dataloader.dataset = dict(type='SemiConcatDataset', on_unreadable='skip',
                                        datasets=[labeled, other])
    apply_data_set(cfg)
    source = cfg.train_dataloader.dataset.datasets[1].to_dict()
    assert source['type'] == kind and source['metainfo'] == labeled.metainfo
    assert {key: source[key] for key in ('recursive', 'indices') if key in source} == kept
    # The remedy of the FAQ for damaged images reaches empty files of a folder.
    assert source.get('on_unreadable') == ('skip' if kept else None)
    assert str(root) in source['data_root']
