"""A data set, written once in a config."""

from pathlib import Path
from typing import Any, Dict

from mmengine.config import Config, ConfigDict

from .class_names import class_metainfo
from .data_set_spec import (check_paths, check_spec, file_of, image_dir, train_sources,
                            unlabeled_images)
from .num_classes import set_num_classes
from .signatures import accepts


def apply_data_set(cfg: Config, check_data: bool = True) -> None:
    """Write ``cfg.data_set`` to data sets, evaluators, and every number of classes, in place.

    Keys; paths are relative to ``root``:

    - ``root``: folder of the data.
    - ``classes``: class names, in the order of the files. Default: those of the labeled file.
    - ``labeled``, ``boxes``, ``val``, ``test``: COCO annotation files. ``boxes`` holds images
      with boxes and without masks. ``test`` defaults to ``val``.
    - ``unlabeled``: a folder of images, or a COCO file that lists images.
    - ``image_dirs``: the folder that ``file_name`` in the annotation files is relative to: one
      for all, or a dict with the keys labeled, boxes, unlabeled, val, test. Default: the root.
    - ``hidden``: COCO file with the labels of the unlabeled images, for statistics only.
    - ``splits``: how the files of a ``split`` are named, see :func:`apply_split`.
    - ``keep_empty``: whether labeled images without objects are learned from, as background.
      Default: as the base config's ``filter_cfg`` says; the shipped ones drop those of ``labeled``
      and keep those of ``boxes``.
    - ``palette``: one colour for each class. Default: colours that differ.

    Of ``labeled``, ``boxes`` and ``unlabeled`` those are needed that the run learns from: the
    sources of ``train_dataloader.dataset``. A plain data set learns from ``labeled`` alone.
    Where pseudo labels on disk are learned from, ``unlabeled`` names the images they were made of.

    Args:
        cfg: a config with a ``data_set``.
        check_data: whether the files must exist and hold the classes.

    Raises:
        ValueError: if a key is unknown, missing or wrong, or a file lacks a class.
        FileNotFoundError: if a file or folder is not there.
    """
    check_spec(cfg)
    if check_data:
        check_paths(cfg)
    spec, sources = cfg.data_set, train_sources(cfg)
    annotated = tuple(part for part in ('labeled', 'boxes') if part in sources)
    metainfo = class_metainfo(spec, check_data, (*annotated, 'val', 'test'))
    for name, source in sources.items():
        _set_source(cfg.train_dataloader.dataset, name, source, spec, metainfo)
    for part in ('val', 'test'):
        _set_evaluation(cfg, part, metainfo)
    _set_hidden(cfg, 'unlabeled' in sources or 'boxes' in sources)
    set_num_classes(cfg.model, len(metainfo['classes']))


def _set_source(dataset: ConfigDict, name: str, source: ConfigDict, spec: ConfigDict,
                metainfo: Dict[str, Any]) -> None:
    """Write one source of the training data."""
    if name == 'unlabeled':
        dataset.unlabeled = ConfigDict(_unlabeled(spec, source, metainfo))
        if dataset.unlabeled.type == 'UnlabeledFolderDataset' and 'on_unreadable' in dataset:
            # A folder looks for empty files before the whole data set reads any.
            dataset.unlabeled.setdefault('on_unreadable', dataset.on_unreadable)
    elif name == 'pseudo':
        # The file of pseudo labels lies with the run, not with the data.
        source.update(data_root='', data_prefix=dict(img=unlabeled_images(spec)),
                      metainfo=metainfo)
    else:
        source.update(_annotated(spec, name, metainfo))
        if 'keep_empty' in spec:
            source.filter_cfg = dict(source.get('filter_cfg') or {},
                                     filter_empty_gt=not spec.keep_empty)


def _annotated(spec: ConfigDict, part: str, metainfo: Dict[str, Any]) -> Dict[str, Any]:
    """Settings of a COCO data set."""
    return dict(
        data_root=spec.root,
        ann_file=file_of(spec, part),
        data_prefix=dict(img=image_dir(spec, part)),
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
    if settings['type'] == base.get('type'):
        return dict(base, **settings)
    return dict(settings, pipeline=base.pipeline)


def _set_evaluation(cfg: Config, part: str, metainfo: Dict[str, Any]) -> None:
    """Write the data set and the metrics of validation or test, where there are any."""
    if cfg.get(f'{part}_dataloader'):
        cfg[f'{part}_dataloader'].dataset.update(_annotated(cfg.data_set, part, metainfo))
    path = str(Path(cfg.data_set.root, file_of(cfg.data_set, part)))
    evaluators = cfg.get(f'{part}_evaluator') or []
    for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
        if 'ann_file' in evaluator or accepts(evaluator, 'ann_file'):
            evaluator.ann_file = path


def _set_hidden(cfg: Config, is_read: bool) -> None:
    """Give the hidden labels to the statistics; without, take away those of the base config."""
    statistics = (cfg.get('default_hooks') or {}).get('statistics')
    if statistics:
        hidden = cfg.data_set.get('hidden') if is_read else None
        statistics.hidden_ann_file = hidden and str(Path(cfg.data_set.root, hidden))
