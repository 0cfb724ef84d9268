"""Configs, with the data set and the schedule written once."""

from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Union

from mmengine.config import Config, ConfigDict

from .data_set import apply_data_set
from .schedule import apply_schedule, check_burn_in


def load_config(path: Union[str, Path],
                cfg_options: Optional[Dict[str, Any]] = None,
                check_data: bool = True) -> Config:
    """Read a config and resolve its ``data_set`` and ``schedule``.

    ``data_set`` (see :func:`~mmssis.utils.data_set.apply_data_set`) names classes, root and files
    of the user's data once; ``schedule`` (see :func:`~mmssis.utils.schedule.apply_schedule`) the
    length of the run. A config with neither is returned as it is written.

    Args:
        path: the config file.
        cfg_options: dotted keys and values that override the file, ``data_set.root`` for example.
        check_data: whether the files of ``data_set`` must exist.

    Returns:
        The config; :class:`mmengine.runner.Runner` takes it.

    Raises:
        ValueError: if a key of ``data_set`` or ``schedule`` is unknown, missing or wrong, or if
            model and sampler end burn-in at different iterations.
        FileNotFoundError: if a file of ``data_set`` is not there.
    """
    import mmssis  # noqa: F401  registers every type before anything is built
    cfg = Config.fromfile(path)
    if cfg_options:
        cfg.merge_from_dict(cfg_options)
    for node in _dicts(cfg._cfg_dict):
        # `_base_ = 'mmssis::...'` marks dicts with a registry that does not exist: all types are
        # registered with mmdet.
        if node.get('_scope_') == 'mmssis':
            del node['_scope_']
    if 'data_set' in cfg:
        apply_data_set(cfg, check_data)
    if 'schedule' in cfg:
        apply_schedule(cfg)
    check_burn_in(cfg)
    return cfg


def _dicts(node: Any) -> Iterator[ConfigDict]:
    """All dicts of a config, the outer ones first."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _dicts(child)
