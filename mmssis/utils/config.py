"""Read a config and write what it says once to every place that needs it."""

from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Union

from mmengine.config import Config, ConfigDict

from .annotation_files import check_annotation_files
from .batch import apply_batch_size
from .data_set import apply_data_set
from .exact_config import ExactConfig
from .image_loading import apply_image_loading
from .misspelt import check_misspelt
from .num_classes import check_num_classes
from .num_queries import apply_num_queries
from .options import MMENGINE_HOOKS, Options
from .provenance import (check_files, config_files, drop_helpers, settle_lengths,
                         start_data_set_afresh, stated_keys)
from .reading import config_path, read_config
from .run_settings import check_kinds, check_numbers
from .schedule import apply_schedule
from .self_training import apply_self_training
from .signatures import check_signatures
from .sizes import apply_sizes
from .split import apply_split
from .supervised import make_supervised


def load_config(path: Union[str, Path],
                cfg_options: Optional[Dict[str, Any]] = None,
                check_data: bool = True,
                supervised: bool = False) -> Config:
    """Read a config, resolve the keys of mmssis and check that every setting is read.

    The keys are ``data_set``, ``split``, ``schedule``, ``image_size``, ``crop_size``,
    ``scale_jitter``, ``num_queries``, ``image_loading``, ``supervised`` and ``self_training``;
    docs/config_keys.md explains them. A config without any of them is returned as it is written,
    less the variables that only help to write it.

    Args:
        path: the config file, or the name of a shipped one, such as ``mmssis::pldc/....py``.
        cfg_options: dotted keys and values that override the file, ``data_set.root`` for example.
        check_data: whether the files of ``data_set`` must exist.
        supervised: whether to return the supervised baseline of the config.

    Returns:
        The config; :class:`mmengine.runner.Runner` takes it.

    Raises:
        ValueError: if a setting is wrong, missing or read by nothing.
        FileNotFoundError: if the config or a file of ``data_set`` is not there.
    """
    import mmssis  # noqa: F401  registers every type before anything is checked
    path = config_path(path)
    cfg = ExactConfig.of(read_config(path))
    check_kinds(cfg)
    _drop_scopes(cfg)
    files = config_files(path)
    check_files(files, cfg)
    start_data_set_afresh(files, cfg)
    settle_lengths(files, cfg)
    drop_helpers(cfg)

    options = Options(cfg_options or {})
    options.merge_supervised(cfg, supervised)
    if supervised:
        make_supervised(cfg)
    options.merge(cfg)
    check_kinds(cfg)

    apply_split(cfg, options)
    if 'data_set' in cfg:
        apply_data_set(cfg, check_data)
    apply_schedule(cfg, options.schedule, supervised)
    options.merge_final(cfg, 'param_scheduler')
    apply_sizes(cfg, stated_keys(files, options))
    apply_num_queries(cfg)
    apply_image_loading(cfg)
    apply_batch_size(cfg)
    apply_self_training(cfg, Path(path).stem)

    check_numbers(cfg)
    check_misspelt(cfg)
    options.check_result(cfg)
    check_signatures(cfg)
    check_num_classes(cfg)
    if check_data:
        check_annotation_files(cfg)
    _drop_left_out_hooks(cfg)
    return cfg


def _drop_scopes(cfg: Config) -> None:
    """Take out the marks of ``_base_ = 'mmssis::...'``: all our types are registered with mmdet."""
    for node in _dicts(cfg._cfg_dict):
        if node.get('_scope_') == 'mmssis':
            del node['_scope_']


def _drop_left_out_hooks(cfg: Config) -> None:
    """Take entries that are None out of ``default_hooks``; mmengine takes None of its own only."""
    hooks = cfg.get('default_hooks') or {}
    for name in [name for name, hook in hooks.items() if hook is None]:
        if name not in MMENGINE_HOOKS:
            del hooks[name]


def _dicts(node: Any) -> Iterator[ConfigDict]:
    """All dicts of a config, the outer ones first."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _dicts(child)
