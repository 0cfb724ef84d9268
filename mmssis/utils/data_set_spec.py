"""The keys of ``data_set``, and what a run needs of them."""

from pathlib import Path
from typing import Any, Dict, Tuple

from mmengine.config import Config, ConfigDict

PATHS = ('labeled', 'boxes', 'unlabeled', 'val', 'test', 'hidden')
KEYS = ('root', 'classes', *PATHS, 'image_dirs', 'splits', 'palette', 'keep_empty')
PARTS = ('labeled', 'boxes', 'unlabeled', 'val', 'test')
EXAMPLE = ("data_set = dict(root='data/mine', classes=('cat', 'dog'), labeled='labeled.json', "
           "unlabeled='unlabeled_images', val='val.json', image_dirs='images')")
# Whose images another part's stand with, unless it is said.
IMAGES_OF = dict(test='val', boxes='labeled', unlabeled='labeled')


def train_sources(cfg: Config) -> Dict[str, ConfigDict]:
    """Configs of the sources of the training data by name; a plain data set is ``labeled``."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    if dataset.get('type') not in ('SemiDataset', 'mmdet.SemiDataset'):
        return dict(labeled=dataset) if dataset else {}
    return {name: dataset[name] for name in ('labeled', 'boxes', 'unlabeled', 'pseudo')
            if dataset.get(name) is not None}


def check_spec(cfg: Config) -> None:
    """Refuse a base config without data sets, unknown and missing keys, and wrong kinds of values.

    Args:
        cfg: a config with a ``data_set``.

    Raises:
        ValueError: with the first of them.
    """
    spec = cfg.data_set
    if not isinstance(spec, dict):
        raise ValueError(f'data_set = {spec!r}: give a dict; an example: {EXAMPLE}')
    _check_base(cfg)
    for key in [key for key, value in spec.items() if value is None]:
        del spec[key]
    for key in spec:
        if key not in KEYS:
            raise ValueError(f'data_set has no key {key!r}: use {", ".join(KEYS)}')
    for key in _required(cfg):
        if key not in spec:
            hint = ('; choose its file with split = dict(percent=10, fold=1), or name it'
                    if 'splits' in spec and key in ('labeled', 'unlabeled') else '')
            raise ValueError(f'data_set lacks {key!r}{hint}; an example: {EXAMPLE}')
    for key in ('root', *PATHS, 'splits'):
        if key in spec and (not isinstance(spec[key], (str, Path)) or not str(spec[key])):
            raise ValueError(f'data_set.{key} = {spec[key]!r}: give a path, relative to '
                             'data_set.root')
    if not isinstance(spec.get('keep_empty', False), bool):
        raise ValueError(f'data_set.keep_empty = {spec.keep_empty!r}: give True to learn from '
                         'labeled images without objects, or False to leave them out')
    _check_image_dirs(spec.get('image_dirs', ''))


def check_paths(cfg: Config) -> None:
    """Refuse files and folders of the run that are not there.

    Args:
        cfg: a config with a right ``data_set``.

    Raises:
        FileNotFoundError: with the first one.
    """
    spec = cfg.data_set
    if not Path(spec.root).is_dir():
        raise FileNotFoundError(f'data_set.root = {spec.root!r} is not a folder: give the folder '
                                'of your data, for example --cfg-options data_set.root=PATH')
    wanted = _required(cfg)
    for key in PATHS:
        if key in spec and (key in wanted or key in ('test', 'hidden')):
            if not Path(spec.root, spec[key]).exists():
                raise FileNotFoundError(f'data_set.{key} = {spec[key]!r} is not there: looked for '
                                        f'{Path(spec.root, spec[key])}')
    for part in PARTS:
        folder = Path(spec.root, image_dir(spec, part))
        if part in wanted and not folder.is_dir():
            raise FileNotFoundError(f'data_set.image_dirs: the folder of the {part} images, '
                                    f'{folder}, is not there')


def file_of(spec: ConfigDict, part: str) -> str:
    """Annotation file of a part of the data; that of ``test`` is optional."""
    return spec.val if part == 'test' and 'test' not in spec else spec[part]


def image_dir(spec: ConfigDict, part: str) -> str:
    """Image folder of a part, see ``data_set.image_dirs``."""
    image_dirs = spec.get('image_dirs', '')
    if not isinstance(image_dirs, dict):
        return image_dirs
    if part not in image_dirs and part in IMAGES_OF:
        part = IMAGES_OF[part]
    return image_dirs.get(part, '')


def unlabeled_images(spec: ConfigDict) -> str:
    """Folder that the names of the unlabeled images are relative to."""
    if Path(spec.unlabeled).suffix == '.json':
        return str(Path(spec.root, image_dir(spec, 'unlabeled')))
    return str(Path(spec.root, spec.unlabeled))


def _check_base(cfg: Config) -> None:
    """Refuse a config whose training data are not described by ``data_set``."""
    sources = train_sources(cfg)
    plain = sources.get('labeled', {})
    if not sources or any('datasets' in source or isinstance(source.get('dataset'), dict)
                          for source in sources.values()):
        raise ValueError(
            'data_set needs a base config whose train_dataloader.dataset is a SemiDataset or a '
            f'CocoDataset, but it is {plain.get("type", "missing")}: begin with '
            "_base_ = 'mmssis::pldc/mask2former_r50_coco10pct.py', for example")


def _required(cfg: Config) -> Tuple[str, ...]:
    """Keys that a run needs: those of its sources. Pseudo labels are made of unlabeled images."""
    sources = ['unlabeled' if name == 'pseudo' else name for name in train_sources(cfg)]
    return ('root', *sources, 'val')


def _check_image_dirs(image_dirs: Any) -> None:
    """Refuse what is neither one folder nor a dict of folders."""
    if isinstance(image_dirs, dict):
        for key, folder in image_dirs.items():
            if key not in PARTS:
                raise ValueError(f'data_set.image_dirs has no key {key!r}: use {", ".join(PARTS)}')
            if not isinstance(folder, (str, Path)):
                raise ValueError(f'data_set.image_dirs.{key} = {folder!r}: give a folder')
    elif not isinstance(image_dirs, (str, Path)):
        raise ValueError(f'data_set.image_dirs = {image_dirs!r}: give one folder, or a dict with '
                         f'the keys {", ".join(PARTS)}')
