"""The config of a verb, from a file or as an object."""

import copy
from pathlib import Path
from typing import Any, Dict, Optional, Union

from mmengine.config import Config

from mmssis.utils.config import load_config

ConfigOrPath = Union[str, Path, Config]


def settled_config(config: ConfigOrPath, cfg_options: Optional[Dict[str, Any]] = None,
                   supervised: bool = False, check_data: bool = True) -> Config:
    """Read a config, or copy one that has been read.

    Args:
        config: a file, the name of a shipped config (``mmssis::pldc/....py``), or what
            :func:`mmssis.utils.load_config` returned.
        cfg_options: dotted keys and values that override the file.
        supervised: whether to take the supervised baseline.
        check_data: whether the files of ``data_set`` must exist.

    Returns:
        A config that the caller may change.

    Raises:
        ValueError: if a setting is wrong, or a config that has been read is to be read otherwise.
    """
    if not isinstance(config, Config):
        return load_config(config, cfg_options, check_data=check_data, supervised=supervised)
    if cfg_options or supervised:
        raise ValueError('cfg_options and supervised decide how a config is read, and this one has '
                         'been read: give them to load_config, or give the path of the config')
    return copy.deepcopy(config)
