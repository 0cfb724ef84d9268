"""Which settings of a run differ from the config that it inherits from."""

from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from mmengine.config import Config

from mmssis.utils import load_config
from mmssis.utils.keys import OWN_KEYS
from mmssis.utils.reading import SHIPPED

NOT_COMPARED = ('work_dir', 'launcher', 'resume', 'experiment_name', 'visualizer')
# What `data_set` is written to.
OF_DATA = ('ann_file', 'data_root', 'classes', 'palette', 'num_classes', 'num_things_classes',
           'hidden_ann_file', 'data_prefix', 'img', 'class_weight')


class Setting(NamedTuple):
    """A setting that differs.

    Attributes:
        key: dotted.
        now: its value in the run, in words.
        base: that of the base config.
    """

    key: str
    now: str
    base: str


def base_of(origin: Optional[Mapping[str, Any]], config: Path) -> Optional[str]:
    """The shipped config that a run's config inherits from.

    Args:
        origin: content of ``run.json``, or None: then it is the shipped config of the same name.
        config: the resolved config in the work directory.

    Returns:
        Its name below ``configs/``; None where it is not known.
    """
    if origin is not None:
        return origin['base']
    found = sorted(SHIPPED.glob(f'*/{config.name}'))
    return found[0].relative_to(SHIPPED).as_posix() if len(found) == 1 else None


def differences(config: Config, base: str) -> Tuple[List[Setting], List[Setting]]:
    """Settings of a run that differ from a shipped config.

    Args:
        config: the resolved config of the run.
        base: name of the shipped config.

    Returns:
        Those that somebody has set, and those that follow from ``data_set``.
    """
    now, before = (dict(_leaves(one.to_dict())) for one in
                   (config, load_config(SHIPPED / base, check_data=False)))
    changed = [Setting(key, _text(now, key), _text(before, key))
               for key in sorted(now.keys() | before.keys(), key=_order)
               if _text(now, key) != _text(before, key)]
    other_data = any(setting.key.startswith('data_set.') for setting in changed)
    follows = [setting for setting in changed if other_data and _is_of_data(setting.key)]
    return [setting for setting in changed if setting not in follows], follows


def _leaves(value: Any, key: str = '') -> Iterator[Tuple[str, Any]]:
    """Values of nested settings by dotted keys; lists of dicts by their places."""
    children: Dict[Any, Any] = {}
    if isinstance(value, dict) and value:
        children = {name: child for name, child in value.items()
                    if key or name not in NOT_COMPARED}
    elif isinstance(value, (list, tuple)) and any(isinstance(item, dict) for item in value):
        children = dict(enumerate(value))
    else:
        yield key, value
    for name, child in children.items():
        yield from _leaves(child, f'{key}.{name}' if key else str(name))


def _order(key: str) -> Tuple[bool, str]:
    """The short keys of mmssis first."""
    return key.partition('.')[0] not in OWN_KEYS, key


def _is_of_data(key: str) -> bool:
    """Whether ``data_set`` writes a key."""
    return not key.startswith('data_set.') and any(part in OF_DATA for part in key.split('.'))


def _text(settings: Dict[str, Any], key: str) -> str:
    """A value in words; lists and tuples are the same."""
    if key not in settings:
        return 'not set'
    value = settings[key]
    return repr(list(value) if isinstance(value, tuple) else value)
