"""`load_config`: data set and schedule are written once and end up everywhere."""

import json
from pathlib import Path
from typing import Any, Dict

import pytest
from mmengine.config import Config

from mmssis.utils import load_config
from mmssis.utils.data_set import make_palette
from mmssis.utils.num_classes import resize_class_weight

ROOT = Path(__file__).parents[2]
COCO_CONFIG = ROOT / 'configs/pldc/mask2former_r50_coco10pct.py'
CLASSES = ('bolt', 'nut')


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """Files of a data set with two classes; the images do not matter here."""
    root = tmp_path / 'mine'
    for folder in ('images', 'more_images'):
        (root / folder).mkdir(parents=True)
    categories = [dict(id=7, name='bolt'), dict(id=3, name='nut')]
    for name in ('labeled', 'unlabeled', 'val', 'hidden'):
        content = dict(images=[], annotations=[], categories=categories)
        (root / f'{name}.json').write_text(json.dumps(content))
    return root


def write_config(folder: Path, data_set: Dict[str, Any], **others: Any) -> Path:
    """A user's config."""
    lines = [f'_base_ = {str(COCO_CONFIG)!r}', f'data_set = {data_set!r}']
    lines += [f'{key} = {value!r}' for key, value in others.items()]
    path = folder / 'mine.py'
    path.write_text('\n'.join(lines))
    return path


def settings(data_root: Path, **changes: Any) -> Dict[str, Any]:
    """A right `data_set`, with changes; None takes a key out."""
    spec = dict(root=str(data_root), classes=CLASSES, labeled='labeled.json',
                unlabeled='more_images', val='val.json',
                image_dirs=dict(labeled='images', val='images'))
    spec.update(changes)
    return {key: value for key, value in spec.items() if value is not None}


def load(data_root: Path, options: Dict[str, Any] = None, **changes: Any) -> Config:
    """The loaded config of a right `data_set`, with changes."""
    return load_config(write_config(data_root, settings(data_root, **changes)), options)


def test_classes_reach_every_data_set(data_root: Path) -> None:
    cfg = load(data_root)
    datasets = [*cfg.train_dataloader.dataset.datasets, cfg.val_dataloader.dataset,
                cfg.test_dataloader.dataset]
    for dataset in datasets:
        assert dataset.metainfo.classes == CLASSES
        assert len(dataset.metainfo.palette) == len(CLASSES)
        assert dataset.data_root.startswith(str(data_root))


def test_files_reach_data_sets_and_evaluators(data_root: Path) -> None:
    cfg = load(data_root)
    labeled, unlabeled = cfg.train_dataloader.dataset.datasets
    assert labeled.ann_file == 'labeled.json'
    assert labeled.data_prefix.img == 'images'
    assert unlabeled.type == 'UnlabeledFolderDataset'
    assert unlabeled.data_root == str(data_root / 'more_images')
    assert 'ann_file' not in unlabeled
    assert cfg.val_evaluator.ann_file == str(data_root / 'val.json')
    assert cfg.test_evaluator.ann_file == str(data_root / 'val.json')


def test_unlabeled_json_lies_beside_the_labeled_images(data_root: Path) -> None:
    unlabeled = load(data_root, unlabeled='unlabeled.json').train_dataloader.dataset.datasets[1]
    assert unlabeled.type == 'UnlabeledCocoDataset'
    assert unlabeled.ann_file == 'unlabeled.json'
    assert unlabeled.data_prefix.img == 'images'


def test_gap_2_35_num_classes_follows_everywhere(data_root: Path) -> None:
    cfg = load(data_root)
    for detector in (cfg.model.detector, cfg.detector):
        assert detector.panoptic_head.num_things_classes == 2
        assert detector.panoptic_head.num_stuff_classes == 0
        assert detector.panoptic_fusion_head.num_things_classes == 2
        assert detector.panoptic_head.loss_cls.class_weight == [1.0, 1.0, 0.1]


def test_classes_default_to_the_labeled_file(data_root: Path) -> None:
    cfg = load(data_root, classes=None)
    assert cfg.val_dataloader.dataset.metainfo.classes == CLASSES


def test_hidden_labels_reach_the_statistics(data_root: Path) -> None:
    hooks = {hook.type: hook for hook in load(data_root, hidden='hidden.json').custom_hooks}
    assert hooks['PseudoLabelStatisticsHook'].hidden_ann_file == str(data_root / 'hidden.json')


def test_options_override_the_data_set(data_root: Path) -> None:
    path = write_config(data_root, settings(data_root, root='elsewhere'))
    cfg = load_config(path, {'data_set.root': str(data_root)})
    assert cfg.val_dataloader.dataset.data_root == str(data_root)


def test_a_dumped_config_loads_to_itself(data_root: Path) -> None:
    path = write_config(data_root, settings(data_root), schedule=dict(max_iters=100))
    cfg = load_config(path)
    cfg.dump(data_root / 'dumped.py')
    assert load_config(data_root / 'dumped.py').to_dict() == cfg.to_dict()


@pytest.mark.parametrize('changes, message', [
    pytest.param(dict(clases=CLASSES), "no key 'clases'", id='unknown key'),
    pytest.param(dict(val=None), "lacks 'val'", id='missing key'),
    pytest.param(dict(classes='bolt'), r"\('bolt',\)", id='one class without a comma'),
    pytest.param(dict(classes=()), 'at least one', id='no class'),
    pytest.param(dict(classes=('nut', 'nut')), "'nut' twice", id='class twice'),
    pytest.param(dict(classes=('Bolt', 'nut')), r"\['Bolt'\].*case counts", id='class not in file'),
    pytest.param(dict(classes=('nut', 'bolt')), 'order of the file', id='classes in other order'),
    pytest.param(dict(labeled=3), 'data_set.labeled = 3', id='path is a number'),
    pytest.param(dict(image_dirs=dict(train='images')), "no key 'train'", id='unknown image dir'),
    pytest.param(dict(image_dirs=['images']), 'one folder, or a dict', id='list of image dirs'),
])
def test_wrong_data_set_is_refused(data_root: Path, changes: Dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(data_root, **changes)


@pytest.mark.parametrize('changes, message', [
    pytest.param(dict(root='nowhere'), "data_set.root = 'nowhere'", id='root'),
    pytest.param(dict(val='valid.json'), "data_set.val = 'valid.json'", id='annotation file'),
    pytest.param(dict(unlabeled='photos'), "data_set.unlabeled = 'photos'", id='unlabeled folder'),
    pytest.param(dict(image_dirs='photos'), 'folder of the labeled images', id='image folder'),
])
def test_missing_files_are_named(data_root: Path, changes: Dict, message: str) -> None:
    with pytest.raises(FileNotFoundError, match=message):
        load(data_root, **changes)


@pytest.mark.parametrize('content', [[], dict(images=[]), dict(categories=[dict(id=1)])],
                         ids=['a list', 'no categories', 'category without a name'])
def test_a_file_that_is_not_coco_is_refused(data_root: Path, content: Any) -> None:
    (data_root / 'val.json').write_text(json.dumps(content))
    with pytest.raises(ValueError, match='give a COCO annotation file'):
        load(data_root)


def test_files_need_not_exist_without_the_check(data_root: Path) -> None:
    path = write_config(data_root, settings(data_root, root='nowhere'))
    assert load_config(path, check_data=False).val_dataloader.dataset.data_root == 'nowhere'


def test_a_base_without_two_sources_is_refused(data_root: Path) -> None:
    path = data_root / 'mine.py'
    path.write_text(f'data_set = {settings(data_root)!r}')
    with pytest.raises(ValueError, match='two sources'):
        load_config(path)


def test_schedule_reaches_model_sampler_and_scheduler() -> None:
    cfg = load_config(COCO_CONFIG, {'schedule.max_iters': 36875, 'schedule.val_interval': 500})
    assert cfg.train_cfg.max_iters == 36875
    assert cfg.model.burn_in == cfg.train_dataloader.batch_sampler.burn_in == 2000
    assert cfg.param_scheduler[0].milestones == [34039]
    assert cfg.param_scheduler[0].end == 36875
    assert cfg.train_cfg.val_interval == cfg.default_hooks.checkpoint.interval == 500


def test_burn_in_alone_leaves_the_length() -> None:
    cfg = load_config(COCO_CONFIG, {'schedule.burn_in': 0})
    assert cfg.model.burn_in == cfg.train_dataloader.batch_sampler.burn_in == 0
    assert cfg.train_cfg.max_iters == 368750


def test_supervised_stays_supervised_when_shortened() -> None:
    path = ROOT / 'configs/supervised/mask2former_r50_coco10pct.py'
    cfg = load_config(path, {'schedule.max_iters': 10})
    assert cfg.model.burn_in == cfg.train_cfg.max_iters == 10


def test_warm_up_keeps_its_length() -> None:
    warm_up = dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50)
    cosine = dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=368750, T_max=368700)
    cfg = load_config(
        COCO_CONFIG, dict(param_scheduler=[warm_up, cosine], schedule=dict(max_iters=100)))
    assert cfg.param_scheduler[0].end == 50
    assert cfg.param_scheduler[1].end == 100
    assert cfg.param_scheduler[1].T_max == 50


def test_a_schedule_leaves_a_plain_detector_without_burn_in() -> None:
    plain = ROOT / 'configs/noisy_boundaries/mask-rcnn_r50_coco10pct.py'
    cfg = load_config(plain, {'schedule.max_iters': 100})
    assert cfg.train_cfg.max_iters == 100 and 'burn_in' not in cfg.model
    with pytest.raises(ValueError, match='a plain WeightedMaskRCNN has no burn-in'):
        load_config(plain, {'schedule.burn_in': 5})


@pytest.mark.parametrize('options, message', [
    pytest.param({'schedule.iters': 5}, "no key 'iters'", id='unknown key'),
    pytest.param({'schedule.max_iters': 0}, 'max_iters = 0', id='no iteration'),
    pytest.param({'schedule.max_iters': '2k'}, "max_iters = '2k'", id='not a number'),
    pytest.param({'schedule.burn_in': 400000}, 'longer than the run', id='burn-in too long'),
    pytest.param({'model.burn_in': 5}, 'schedule.burn_in', id='model and sampler differ'),
])
def test_wrong_schedule_is_refused(options: Dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_config(COCO_CONFIG, options)


def test_class_weights_that_differ_are_not_guessed() -> None:
    assert resize_class_weight([2.0, 1.0, 0.1], 2) == [2.0, 1.0, 0.1]
    with pytest.raises(ValueError, match='different class weights'):
        resize_class_weight([2.0, 1.0, 0.1], 3)


def test_palette_has_no_colour_twice() -> None:
    assert len(set(make_palette(80))) == 80
