"""`data_set` and `split`: files and classes are written once and end up everywhere."""

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from mmengine.config import Config
from toy_pseudo import pseudo_config

from mmssis.utils import load_config
from mmssis.utils.class_names import make_palette
from mmssis.utils.data_set import apply_data_set
from mmssis.utils.num_classes import resize_class_weight

CLASSES = ('bolt', 'nut')


def data_set(data_root: Path, **changes: Any) -> str:
    """A right `data_set`, with changes, as text of a config; None takes a key out."""
    spec = dict(root=str(data_root), classes=CLASSES, labeled='labeled.json',
                unlabeled='more_images', val='val.json',
                image_dirs=dict(labeled='images', val='images'))
    spec.update(changes)
    entries = ', '.join(f'{key}={value!r}' for key, value in spec.items() if value is not None)
    return f'data_set = dict({entries})'


def test_files_and_classes_reach_every_data_set(data_root, load) -> None:
    cfg = load(data_set(data_root, hidden='hidden.json'))
    sources = cfg.train_dataloader.dataset
    assert sources.labeled.ann_file == 'labeled.json'
    assert sources.labeled.data_prefix.img == 'images'
    assert sources.unlabeled.type == 'UnlabeledFolderDataset'
    assert sources.unlabeled.data_root == str(data_root / 'more_images')
    assert 'ann_file' not in sources.unlabeled
    for dataset in (sources.labeled, sources.unlabeled, cfg.val_dataloader.dataset,
                    cfg.test_dataloader.dataset):
        assert dataset.metainfo.classes == CLASSES and len(dataset.metainfo.palette) == 2
        assert dataset.data_root.startswith(str(data_root))
    assert cfg.val_evaluator.ann_file == cfg.test_evaluator.ann_file == str(data_root / 'val.json')
    assert cfg.default_hooks.statistics.hidden_ann_file == str(data_root / 'hidden.json')


def test_unlabeled_json_lies_beside_the_labeled_images(data_root, load) -> None:
    source = load(data_set(data_root, unlabeled='unlabeled.json')).train_dataloader.dataset
    assert source.unlabeled.type == 'UnlabeledCocoDataset'
    assert source.unlabeled.ann_file == 'unlabeled.json'
    assert source.unlabeled.data_prefix.img == 'images'


def test_gap_2_35_num_classes_follows_everywhere(data_root, load) -> None:
    detector = load(data_set(data_root)).model.detector
    assert detector.panoptic_head.num_things_classes == 2
    assert detector.panoptic_head.num_stuff_classes == 0
    assert detector.panoptic_fusion_head.num_things_classes == 2
    assert len(detector.panoptic_head.loss_cls.class_weight) == 3


def test_classes_default_to_the_labeled_file(data_root, load) -> None:
    cfg = load(data_set(data_root, classes=None))
    assert cfg.val_dataloader.dataset.metainfo.classes == CLASSES


def test_images_with_boxes_have_a_file_of_their_own(data_root, load) -> None:
    boxes = ('train_dataloader = dict(batch_sampler=dict(labeled=0, boxes=2, unlabeled=0), '
             'dataset=dict(labeled=None, unlabeled=None, '
             'boxes=dict(type="BoxLabeledCocoDataset", pipeline=[])))')
    unread = '\nimage_size, crop_size, scale_jitter = (64, 64), None, None'
    cfg = load(f'{data_set(data_root, boxes="boxes.json", labeled=None, unlabeled=None)}\n{boxes}'
               + unread)
    assert cfg.train_dataloader.dataset.boxes.ann_file == 'boxes.json'
    assert cfg.train_dataloader.dataset.boxes.data_prefix.img == 'images'


def test_options_override_the_data_set(data_root, load) -> None:
    cfg = load(data_set(data_root, root='elsewhere'), {'data_set.root': str(data_root)})
    assert cfg.val_dataloader.dataset.data_root == str(data_root)


def test_nothing_of_the_data_of_a_base_is_kept(data_root, base_file, tmp_path) -> None:
    other = data_set(data_root, hidden='hidden.json', splits='{fold}@{percent}', palette=[[0] * 3])
    (tmp_path / 'other.py').write_text(f'_base_ = {str(base_file)!r}\n{other}\n'
                                       'split = dict(percent=5, fold=2)')
    own = data_set(data_root, image_dirs=dict(labeled='images'))
    (tmp_path / 'own.py').write_text(f"_base_ = './other.py'\n{own}")
    cfg = load_config(tmp_path / 'own.py')
    assert 'hidden' not in cfg.data_set and 'palette' not in cfg.data_set
    assert cfg.default_hooks.statistics.hidden_ann_file is None
    assert cfg.data_set.labeled == 'labeled.json' and cfg.data_set.image_dirs.to_dict() == dict(
        labeled='images')


def test_a_child_may_change_one_folder_alone(data_root, base_file, tmp_path) -> None:
    base = data_set(data_root, image_dirs=dict(labeled='images', val='images'))
    (tmp_path / 'other.py').write_text(f'_base_ = {str(base_file)!r}\n{base}')
    (tmp_path / 'own.py').write_text(
        "_base_ = './other.py'\ndata_set = dict(image_dirs=dict(val='more_images'))")
    folders = load_config(tmp_path / 'own.py').data_set.image_dirs
    assert folders.to_dict() == dict(labeled='images', val='more_images')


@pytest.mark.parametrize('keep_empty, filters', [
    pytest.param(None, True, id='as the base config says'),
    pytest.param(True, False, id='kept'),
    pytest.param(False, True, id='left out'),
])
def test_labeled_images_without_objects(data_root, load, keep_empty, filters) -> None:
    base = 'train_dataloader = dict(dataset=dict(labeled=dict(filter_cfg=dict(' \
        'filter_empty_gt=True, min_size=8))))'
    cfg = load(f'{base}\n{data_set(data_root, keep_empty=keep_empty)}')
    rules = cfg.train_dataloader.dataset.labeled.filter_cfg
    assert rules == dict(filter_empty_gt=filters, min_size=8)
    assert 'filter_cfg' not in cfg.val_dataloader.dataset
    with pytest.raises(ValueError, match="data_set.keep_empty = 'yes': give True"):
        load(data_set(data_root, keep_empty='yes'))


def test_a_split_names_the_files(data_root, load) -> None:
    text = data_set(data_root, labeled=None, unlabeled=None, splits='{fold}@{percent}')
    cfg = load(f'{text}\nsplit = dict(percent=10, fold=2)', {'split.percent': 5})
    assert cfg.train_dataloader.dataset.labeled.ann_file == '2@5.json'
    assert cfg.train_dataloader.dataset.unlabeled.ann_file == '2@5-unlabeled.json'


WRONG_SPLITS = [
    ({}, None, {'split.fold': 2}, 'data_set.splits does not say'),
    (dict(splits='{fold}'), None, {'split.fold': 2}, 'names the files itself'),
    (dict(splits='{fold}', labeled=None), None, None, "lacks 'labeled'; choose"),
    (dict(splits='{fold}', labeled=None), dict(percent=5), None, "lacks 'fold'"),
    (dict(splits='{fold}', labeled=None), dict(share=5), None, "no key 'share'"),
    (dict(splits='{fold}', labeled=None), dict(fold='a'), None, "split.fold = 'a'"),
]


def test_a_wrong_split_is_refused(data_root, load) -> None:
    for changes, split, options, message in WRONG_SPLITS:
        with pytest.raises(ValueError, match=message):
            load(f'{data_set(data_root, **changes)}\n' + (f'split = {split}' if split else ''),
                 options)


WRONG = [
    (dict(clases=CLASSES), "no key 'clases'"),
    (dict(val=None), "lacks 'val'"),
    (dict(unlabeled=None), "lacks 'unlabeled'"),
    (dict(classes='bolt'), r"\('bolt',\)"),
    (dict(classes=()), 'at least one'),
    (dict(classes=('nut', 'nut')), "'nut' twice"),
    (dict(classes=('Bolt', 'nut')), r"\['Bolt'\].*case counts"),
    (dict(classes=('nut', 'bolt')), 'order of the file'),
    (dict(palette=[[0, 0, 0]]), '1 colours for 2 classes'),
    (dict(labeled=3), 'data_set.labeled = 3'),
    (dict(image_dirs=dict(train='images')), "no key 'train'"),
    (dict(image_dirs=['images']), 'one folder, or a dict'),
]


def test_wrong_data_set_is_refused(data_root, load) -> None:
    for changes, message in WRONG:
        with pytest.raises(ValueError, match=message):
            load(data_set(data_root, **changes))
    # A file that is not COCO.
    for content in ([], dict(images=[]), dict(categories=[dict(id=1)])):
        (data_root / 'val.json').write_text(json.dumps(content))
        with pytest.raises(ValueError, match='data_set.val.*Give|Give a COCO'):
            load(data_set(data_root))


def test_what_annotation_files_hold_is_checked_before_mmdet_reads_them(data_root, load) -> None:
    categories = [dict(id=0, name='bolt'), dict(id=7, name='bolt'), dict(id=3, name='nut')]
    annotation = dict(id=1, image_id=1, category_id=7, bbox=[1, 1, 2, 2], area=4)
    content = dict(images=[], categories=categories, annotations=[annotation])
    for change, message in (
            (dict(), 'ids 0, 7.*Roboflow'),
            (dict(categories=categories[1:], annotations=[dict(id=1)]), r'annotations\[0\] .id 1'),
            (dict(categories=[dict(id=7, name=''), *categories[2:]]), 'with names')):
        (data_root / 'val.json').write_text(json.dumps(dict(content, **change)))
        with pytest.raises(ValueError, match=f'(data_set.val|val_dataloader.dataset).*{message}'):
            load(data_set(data_root))


def test_only_a_file_without_areas_gets_a_data_set_that_completes_them(data_root, load) -> None:
    content = json.loads((data_root / 'val.json').read_text())
    image = dict(id=1, file_name='a.png', height=9, width=9)
    box = dict(id=1, image_id=1, category_id=content['categories'][0]['id'], bbox=[1, 1, 2, 2])
    for annotations, kind in (([dict(box, area=4)], 'CocoDataset'), ([], 'CocoDataset'),
                              ([dict(box, area=4), dict(box, id=2)], 'CompletedCocoDataset')):
        (data_root / 'val.json').write_text(json.dumps(
            dict(content, images=[image], annotations=annotations)))
        cfg = load(data_set(data_root))
        assert cfg.val_dataloader.dataset.type == kind
        assert cfg.train_dataloader.dataset.labeled.type == 'CocoDataset'


MISSING = [
    (dict(root='nowhere'), "data_set.root = 'nowhere'"),
    (dict(val='valid.json'), "data_set.val = 'valid.json'"),
    (dict(unlabeled='photos'), "data_set.unlabeled = 'photos'"),
    (dict(image_dirs='photos'), 'folder of the labeled images'),
]


def test_missing_files_are_named(data_root, load) -> None:
    for changes, message in MISSING:
        with pytest.raises(FileNotFoundError, match=message):
            load(data_set(data_root, **changes))
        assert load(data_set(data_root, **changes), check_data=False).val_dataloader.dataset


def test_a_data_set_needs_a_base(data_root) -> None:
    path = data_root / 'mine.py'
    path.write_text(data_set(data_root))
    with pytest.raises(ValueError, match='data_set needs a base config'):
        load_config(path)


@pytest.fixture
def student(data_root) -> Callable[..., Config]:
    """A student of pseudo labels on disk with a ``data_set``."""

    def resolve(unlabeled: str) -> Config:
        config = pseudo_config(data_root, val=True)
        cfg = Config(dict(
            config, test_dataloader=config['val_dataloader'],
            test_evaluator=config['val_evaluator'],
            data_set=dict(root=str(data_root), labeled='labeled.json', unlabeled=unlabeled,
                          val='val.json', image_dirs='images')))
        apply_data_set(cfg)
        return cfg

    return resolve


@pytest.mark.parametrize('unlabeled, images', [
    pytest.param('unlabeled.json', 'images', id='COCO file'),
    pytest.param('more_images', 'more_images', id='folder'),
])
def test_pseudo_labels_stay_and_their_images_follow(data_root, student, unlabeled, images) -> None:
    cfg = student(unlabeled)
    sources = cfg.train_dataloader.dataset
    assert sources.labeled.ann_file == 'labeled.json'
    assert sources.pseudo.data_root == ''
    assert Path(sources.pseudo.ann_file).name == 'pseudo_labels.json'
    assert sources.pseudo.data_prefix.img == str(data_root / images)
    assert sources.pseudo.metainfo == sources.labeled.metainfo
    assert sources.pseudo.pipeline and sources.pseudo.filter_cfg.filter_empty_gt
    assert cfg.model.roi_head.bbox_head.num_classes == 2


def test_a_plain_data_set_learns_from_the_labeled_file(data_root, student) -> None:
    cfg = student('more_images')
    cfg.train_dataloader = dict(batch_size=2, dataset=dict(type='CocoDataset', ann_file='a.json'))
    del cfg.data_set['unlabeled']
    apply_data_set(cfg)
    dataset = cfg.train_dataloader.dataset
    assert (dataset.ann_file, dataset.data_root) == ('labeled.json', str(data_root))
    assert dataset.metainfo.classes == CLASSES


@pytest.mark.parametrize('unlabeled, kind, kept', [
    pytest.param('more_images', 'UnlabeledFolderDataset', dict(recursive=False, indices=10),
                 id='a folder as in the base'),
    pytest.param('unlabeled.json', 'UnlabeledCocoDataset', {}, id='a file where it had a folder'),
])
def test_settings_of_the_unlabeled_source_survive(data_root, load, unlabeled, kind, kept) -> None:
    source = load(f'{data_set(data_root, unlabeled=unlabeled)}\n' + '''train_dataloader = dict(
        dataset=dict(on_unreadable='skip', unlabeled=dict(
            _delete_=True, type='UnlabeledFolderDataset', data_root='elsewhere', pipeline=[],
            recursive=False, indices=10)))''').train_dataloader.dataset.unlabeled.to_dict()
    assert source['type'] == kind and source['metainfo']['classes'] == CLASSES
    assert {key: source[key] for key in ('recursive', 'indices') if key in source} == kept
    # The remedy of the FAQ for damaged images reaches empty files of a folder.
    assert source.get('on_unreadable') == ('skip' if kept else None)
    assert str(data_root) in source['data_root']


def test_class_weights_that_differ_are_not_guessed() -> None:
    assert resize_class_weight([2.0, 1.0, 0.1], 2) == [2.0, 1.0, 0.1]
    with pytest.raises(ValueError, match='different class weights'):
        resize_class_weight([2.0, 1.0, 0.1], 3)


def test_palette_has_no_colour_twice() -> None:
    assert len(set(make_palette(80))) == 80


def test_annotation_files_of_plain_configs_are_read_by_the_same_rules(tmp_path, load) -> None:
    (tmp_path / 'val.json').write_text('\ufeff{"images": []}')
    text = f"val_dataloader = dict(dataset=dict(data_root={str(tmp_path)!r}, ann_file='val.json'))"
    with pytest.raises(ValueError, match='^val_dataloader.dataset: .*val.json begins with a byte'):
        load(text)
    assert load(text, check_data=False).val_dataloader.dataset.ann_file == 'val.json'
