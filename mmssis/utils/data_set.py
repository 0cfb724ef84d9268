"""A user's data set, written once in a config."""

import colorsys
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from mmengine.config import Config, ConfigDict
from mmengine.fileio import load

from .num_classes import set_num_classes

REQUIRED = ('root', 'labeled', 'unlabeled', 'val')
KEYS = REQUIRED + ('classes', 'test', 'image_dirs', 'hidden')
PARTS = ('labeled', 'unlabeled', 'val', 'test')
EXAMPLE = ("data_set = dict(root='data/mine', classes=('cat', 'dog'), labeled='labeled.json', "
           "unlabeled='unlabeled_images', val='val.json', image_dirs='images')")


def apply_data_set(cfg: Config, check_data: bool = True) -> None:
    """Write ``cfg.data_set`` to data sets, evaluators, and every number of classes, in place.

    Keys; paths are relative to ``root``:

    - ``root``: folder of the data.
    - ``classes``: class names, in the order of the files. Default: those of the labeled file.
    - ``labeled``, ``val``, ``test``: COCO annotation files. ``test`` defaults to ``val``.
    - ``unlabeled``: a folder of images, or a COCO file that lists images.
    - ``image_dirs``: the folder that ``file_name`` in the annotation files is relative to: one
      for all, or a dict with the keys labeled, unlabeled, val, test. Default: the root.
    - ``hidden``: COCO file with the labels of the unlabeled images, for statistics only.

    A base config with a plain ``CocoDataset``, or with one source such as images with boxes, learns
    from ``labeled`` alone; the latter needs no ``unlabeled``. Where it learns from
    pseudo labels on disk, the second data set keeps its file of pseudo labels, which
    ``tools/self_train.py`` makes of ``unlabeled`` and names; what that tool reads
    (``self_training``) is set as well.

    Args:
        cfg: a config with a ``data_set``.
        check_data: whether the files must exist and hold the classes.

    Raises:
        ValueError: if a key is unknown, missing or wrong, or a file lacks a class.
        FileNotFoundError: if a file or folder is not there.
    """
    spec = cfg.data_set
    _check_base(cfg)
    _check_keys(spec, _required(cfg.train_dataloader.dataset))
    if check_data:
        _check_paths(spec)
    classes = _class_names(spec, check_data)
    metainfo = dict(classes=classes, palette=make_palette(len(classes)))

    _set_train_data(cfg.train_dataloader.dataset, spec, metainfo)
    for part in ('val', 'test'):
        cfg[f'{part}_dataloader'].dataset.update(_annotated(spec, part, metainfo))
        _set_ann_file(cfg[f'{part}_evaluator'], str(Path(spec.root, _file(spec, part))))
    if cfg.get('self_training'):
        cfg.self_training.update(_self_training(spec))
    _set_hidden(cfg, str(Path(spec.root, spec.hidden)) if 'hidden' in spec else None)
    for model in ('model', 'detector'):
        if model in cfg:
            set_num_classes(cfg[model], len(classes))
    if 'num_classes' in cfg:
        cfg.num_classes = len(classes)


def _set_train_data(dataset: ConfigDict, spec: ConfigDict, metainfo: Dict[str, Any]) -> None:
    """Set the labeled source, alone or followed by the unlabeled one."""
    if 'datasets' not in dataset:
        dataset.update(_annotated(spec, 'labeled', metainfo))
        return
    labeled, *others = dataset.datasets
    labeled.update(_annotated(spec, 'labeled', metainfo))
    if not others:
        return
    other, = others
    if dataset.type == 'LabeledPseudoConcatDataset':
        other.update(_pseudo_labeled(spec, metainfo))
    else:
        other = ConfigDict(_unlabeled(spec, other, metainfo))
        if other.type == 'UnlabeledFolderDataset' and 'on_unreadable' in dataset:
            # A folder looks for empty files before the concatenation reads any.
            other.setdefault('on_unreadable', dataset.on_unreadable)
    dataset.datasets = [labeled, other]


def make_palette(num_classes: int) -> List[Tuple[int, int, int]]:
    """Colours that differ from class to class, the same on every run.

    Args:
        num_classes: how many, >= 1.

    Returns:
        RGB colours in [0, 255]; hues a golden angle apart.
    """
    hues = [(0.618034 * i) % 1.0 for i in range(num_classes)]
    colours = [colorsys.hsv_to_rgb(hue, 0.75, 0.95 if i % 2 == 0 else 0.7)
               for i, hue in enumerate(hues)]
    return [tuple(round(255 * channel) for channel in colour) for colour in colours]


def _check_base(cfg: Config) -> None:
    """Refuse a base config without a labeled source, or with more than two."""
    dataset = cfg.get('train_dataloader', {}).get('dataset', {})
    sources = dataset.get('datasets', ())
    if any('datasets' in source for source in sources):
        raise ValueError('data_set cannot describe a source that is made of several data sets: '
                         'write their files in the config itself')
    if dataset.get('type') != 'CocoDataset' and len(sources) not in (1, 2):
        raise ValueError('data_set needs a base config whose train_dataloader.dataset is a '
                         'CocoDataset or has two sources, such as '
                         "_base_ = 'mmssis::pldc/mask2former_r50_coco10pct.py'")


def _required(dataset: ConfigDict) -> Tuple[str, ...]:
    """Keys that a training set needs: one source of labels has no unlabeled images."""
    alone = len(dataset.get('datasets', ())) == 1
    return tuple(key for key in REQUIRED if not (alone and key == 'unlabeled'))


def _check_keys(spec: ConfigDict, required: Tuple[str, ...]) -> None:
    """Refuse unknown and missing keys, and values of the wrong kind."""
    for key in spec:
        if key not in KEYS:
            raise ValueError(f'data_set has no key {key!r}: use {", ".join(KEYS)}')
    for key in required:
        if key not in spec:
            raise ValueError(f'data_set lacks {key!r}; an example: {EXAMPLE}')
    for key in set(spec) - {'classes', 'image_dirs'}:
        if not isinstance(spec[key], (str, Path)) or not str(spec[key]):
            raise ValueError(f'data_set.{key} = {spec[key]!r}: give a path, relative to '
                             'data_set.root')
    image_dirs = spec.get('image_dirs', '')
    if isinstance(image_dirs, dict):
        unknown = sorted(set(image_dirs) - set(PARTS))
        if unknown:
            raise ValueError(f'data_set.image_dirs has no key {unknown[0]!r}: use '
                             f'{", ".join(PARTS)}')
    elif not isinstance(image_dirs, (str, Path)):
        raise ValueError(f'data_set.image_dirs = {image_dirs!r}: give one folder, or a dict with '
                         f'the keys {", ".join(PARTS)}')


def _check_paths(spec: ConfigDict) -> None:
    """Refuse files and folders that are not there."""
    if not Path(spec.root).is_dir():
        raise FileNotFoundError(f'data_set.root = {spec.root!r} is not a folder: give the folder '
                                'of your data, for example --cfg-options data_set.root=PATH')
    for key in ('labeled', 'unlabeled', 'val', 'test', 'hidden'):
        if key in spec and not Path(spec.root, spec[key]).exists():
            raise FileNotFoundError(f'data_set.{key} = {spec[key]!r} is not there: looked for '
                                    f'{Path(spec.root, spec[key])}')
    for part in PARTS:
        folder = Path(spec.root, _image_dir(spec, part))
        if not folder.is_dir():
            raise FileNotFoundError(f'data_set.image_dirs: the folder of the {part} images, '
                                    f'{folder}, is not there')


def _class_names(spec: ConfigDict, check_data: bool) -> Tuple[str, ...]:
    """The class names, checked against the annotation files."""
    classes = spec.get('classes')
    if classes is None:
        return _categories(spec, 'labeled')
    if isinstance(classes, str):
        raise ValueError(f'data_set.classes = {classes!r} is one string: for one class write '
                         f'({classes!r},), with the comma')
    classes = tuple(classes)
    if not classes or not all(isinstance(name, str) and name for name in classes):
        raise ValueError(f'data_set.classes = {classes}: give the class names, at least one')
    _refuse_doubled(classes, 'data_set.classes')
    for part in ('labeled', 'val', 'test') if check_data else ():
        if part in spec:
            _check_categories(spec, part, classes)
    return classes


def _check_categories(spec: ConfigDict, part: str, classes: Tuple[str, ...]) -> None:
    """Refuse an annotation file that lacks a class, or lists the classes in another order.

    mmdet numbers labels in the order of the file, whatever the order of ``metainfo.classes``; in
    another order every name would stand for a wrong label.
    """
    known = _categories(spec, part)
    place = f'the categories of data_set.{part} = {spec[part]!r} are {known}'
    missing = [name for name in classes if name not in known]
    if missing:
        raise ValueError(f'data_set.classes names {missing}, but {place}: spell them alike '
                         '(case counts)')
    if tuple(name for name in known if name in classes) != classes:
        raise ValueError(f'data_set.classes = {classes}, but {place}: keep the order of the file, '
                         'and the same order in all files')


def _categories(spec: ConfigDict, part: str) -> Tuple[str, ...]:
    """Category names of an annotation file, in its order."""
    path = Path(spec.root, _file(spec, part))
    content = load(path, file_format='json')
    categories = content.get('categories') if isinstance(content, dict) else None
    if not categories or not all('name' in category for category in categories):
        raise ValueError(f'{path} (data_set.{part}) has no "categories" with names: give a COCO '
                         'annotation file')
    names = tuple(category['name'] for category in categories)
    _refuse_doubled(names, f'"categories" of {path}')
    return names


def _refuse_doubled(names: Tuple[str, ...], place: str) -> None:
    """Refuse a name that occurs twice."""
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f'{place} has {doubled[0]!r} twice: name every class once')


def _file(spec: ConfigDict, part: str) -> str:
    """Annotation file of a part of the data; that of ``test`` is optional."""
    return spec.val if part == 'test' and 'test' not in spec else spec[part]


def _image_dir(spec: ConfigDict, part: str) -> str:
    """Image folder of a part; test follows val, unlabeled images stand with the labeled ones."""
    image_dirs = spec.get('image_dirs', '')
    if not isinstance(image_dirs, dict):
        return image_dirs
    fallback = dict(test='val', unlabeled='labeled')
    if part not in image_dirs and part in fallback:
        part = fallback[part]
    return image_dirs.get(part, '')


def _annotated(spec: ConfigDict, part: str, metainfo: Dict[str, Any]) -> Dict[str, Any]:
    """Settings of a COCO data set."""
    return dict(
        data_root=spec.root,
        ann_file=_file(spec, part),
        data_prefix=dict(img=_image_dir(spec, part)),
        metainfo=metainfo)


def _unlabeled(spec: ConfigDict, base: ConfigDict, metainfo: Dict[str, Any]) -> Dict[str, Any]:
    """The unlabeled data set: images of a JSON file, or of a folder.

    What else the base sets is kept if its type stays; of another type's the pipeline alone.
    """
    if Path(spec.unlabeled).suffix == '.json':
        settings = dict(type='UnlabeledCocoDataset', **_annotated(spec, 'unlabeled', metainfo))
    else:
        settings = dict(
            type='UnlabeledFolderDataset',
            data_root=str(Path(spec.root, spec.unlabeled)),
            metainfo=metainfo)
    if settings['type'] == base.type:
        return dict(base, **settings)
    return dict(settings, pipeline=base.pipeline)


def _pseudo_labeled(spec: ConfigDict, metainfo: Dict[str, Any]) -> Dict[str, Any]:
    """Settings of the pseudo-labeled data set; its file lies with the run, not with the data."""
    return dict(data_root='', data_prefix=dict(img=_unlabeled_images(spec)), metainfo=metainfo)


def _self_training(spec: ConfigDict) -> Dict[str, str]:
    """What pseudo labels are made of."""
    return dict(
        labeled=str(Path(spec.root, spec.labeled)),
        unlabeled=str(Path(spec.root, spec.unlabeled)),
        image_root=_unlabeled_images(spec))


def _unlabeled_images(spec: ConfigDict) -> str:
    """Folder that the names of the unlabeled images are relative to."""
    if Path(spec.unlabeled).suffix == '.json':
        return str(Path(spec.root, _image_dir(spec, 'unlabeled')))
    return str(Path(spec.root, spec.unlabeled))


def _set_ann_file(evaluators: Any, path: str) -> None:
    """Point the metrics that read an annotation file to it."""
    for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
        if 'ann_file' in evaluator:
            evaluator.ann_file = path


def _set_hidden(cfg: Config, path: Optional[str]) -> None:
    """Give the hidden labels to the statistics; without, take away those of the base config."""
    for hook in cfg.get('custom_hooks', []):
        if hook.type == 'PseudoLabelStatisticsHook':
            hook.hidden_ann_file = path
