"""Whether a setting that was accepted may be accepted."""

import math
import re
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmssis.utils import load_config

from .config_inputs import ConfigInput, dotted
from .harness import WrongResult
from .world import start

# Keys, and the numbers that they may have.
ALLOWED = [
    (r'lr|max_norm|std\.\d', lambda v: v > 0),
    (r'(max_iters|val_interval|num_queries|num_things_classes|batch_size|labeled|unlabeled|depth'
     r'|num_heads|embed_dims|num_layers|strides\.\d|max_per_image|window_size)$',
     lambda v: v >= 1 and v == int(v)),
    (r'logger\.interval', lambda v: v >= 1), (r'num_workers', lambda v: v >= 0),
    (r'checkpoint\.(interval|max_keep_ckpts)', lambda v: v >= 1 or v == -1),
    (r'class_thr|mask_thr|teacher\.momentum|prob|start_factor', lambda v: 0 <= v <= 1),
    (r'min_area|loss_weight|class_weight\.\d|burn_in|seed|weight_decay|num_stuff_classes',
     lambda v: v >= 0),
]


def begin(path: Path, case: ConfigInput) -> None:
    """Begin the run of a config, and judge the setting that it accepted.

    Raises:
        WrongResult: if the run began with a setting that is lost or can have no meaning.
    """
    start(path)
    if case.is_whole:
        raise WrongResult('a damaged config was accepted')
    found = read_value(load_config(path), case)
    key = dotted(case.place)
    if case.old is ... and _plain(found) == _plain(case.value):
        raise WrongResult(f'{key} is read by nothing')
    if case.old is not ... and not _is_written_by_us(key) and _plain(found) != _plain(case.value):
        raise WrongResult(f'{key} is {found!r} for {case.value!r}')
    _judge(key, found, case.old)


def read_value(cfg: Config, case: ConfigInput) -> Any:
    """The value of the final config at the place of a setting."""
    node = cfg._cfg_dict
    for key in case.place:
        if isinstance(node, (list, tuple)) and isinstance(key, int) and key < len(node):
            node = node[key]
        elif isinstance(node, dict):
            node = node.get(key)
        else:
            return None
    return node


def _judge(key: str, value: Any, old: Any) -> None:
    """Refuse what no run can mean: another kind than a number, or one out of its range."""
    if not isinstance(old, (int, float)) or isinstance(old, bool) or value is None:
        return
    if isinstance(value, (str, dict, list)):
        raise WrongResult(f'{key} = {value!r} in place of {old!r}')
    if isinstance(value, (int, float)) and not math.isfinite(value):
        raise WrongResult(f'{key} = {value!r}')
    for pattern, is_allowed in ALLOWED:
        if re.search(rf'(^|\.){pattern}$', key) and not is_allowed(value):
            raise WrongResult(f'{key} = {value!r}')


def _is_written_by_us(key: str) -> bool:
    """Keys that ``data_set`` writes, and keys whose None leaves a part out."""
    return bool(re.search(r'num_(things_|stuff_)?classes|class_weight|metainfo|ann_file|data_root|'
                          r'data_prefix|default_hooks\.\w+$|data_set|\bbatch_size', key))


def _plain(value: Any) -> Any:
    """The same with lists for tuples."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    return [_plain(child) for child in value] if isinstance(value, (list, tuple)) else value
