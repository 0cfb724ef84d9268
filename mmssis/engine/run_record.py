"""The settings of a run in its checkpoints, to name what a later run does otherwise."""

import json
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from mmengine.config import Config
from mmengine.runner import Runner

RECORD = 'mmssis'
"""Key of a checkpoint's ``meta``."""

PARTS = ('model', 'train_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg',
         'randomness', 'auto_scale_lr', 'default_hooks', 'custom_hooks')
# What a run learns does not depend on them.
NOT_LEARNED = ('num_workers', 'persistent_workers', 'prefetch_factor', 'pin_memory', 'init_cfg',
               'val_begin', 'val_interval', 'test_cfg', 'predict_on')
LEARNING_HOOKS = ('teacher', 'seed')
SHOWN = 20


def run_record(runner: Runner) -> Dict[str, Any]:
    """What a checkpoint keeps of its run.

    Args:
        runner: the run, with an optimizer.

    Returns:
        Plain values: settings as JSON, number of processes, number of weights with a state of
        the optimizer.
    """
    return dict(settings=_settings(runner.cfg), world_size=runner.world_size,
                optimizer_states=len(runner.optim_wrapper.state_dict().get('state', ())))


def changed_settings(record: Any, runner: Runner) -> List[str]:
    """Settings that differ between a checkpoint's run and this one, which takes its own.

    Args:
        record: from the checkpoint, by :func:`run_record`; anything else tells nothing.
        runner: this run.

    Returns:
        One line each, at most 20 of them.
    """
    try:
        before = dict(_flat(json.loads(record['settings'])))
        world_size = record['world_size']
    except (TypeError, KeyError, ValueError, RecursionError):
        return []
    now = dict(_flat(json.loads(_settings(runner.cfg))))
    lines = [f'{name}: {_shown(name, now)} now, {_shown(name, before)} in the checkpoint\'s run'
             for name in sorted(before.keys() | now.keys())
             if _shown(name, now) != _shown(name, before)]
    if world_size != runner.world_size:
        lines.insert(0, f'number of processes: {runner.world_size} now, {world_size!r} in the '
                        'checkpoint\'s run')
    return lines if len(lines) <= SHOWN else [*lines[:SHOWN - 1],
                                              f'... and {len(lines) - SHOWN + 1} more']


def _settings(cfg: Config) -> str:
    """The settings that decide what is learned, as JSON."""
    parts = {part: cfg.get(part) for part in PARTS if cfg.get(part) is not None}
    ends_itself = parts.get('model', {}).get('burn_in') == 'auto'
    learning = (*LEARNING_HOOKS, 'burn_in') if ends_itself else LEARNING_HOOKS
    parts['default_hooks'] = {name: hook for name, hook in parts.get('default_hooks', {}).items()
                              if name in learning}
    return json.dumps(parts, default=str, skipkeys=True)


def _flat(value: Any, name: str = '') -> Iterator[Tuple[str, Any]]:
    """Leaves of nested settings by their keys."""
    children: Mapping[str, Any] = {}
    if isinstance(value, dict):
        children = {f'{name}.{key}' if name else key: child for key, child in value.items()
                    if key not in NOT_LEARNED}
    elif isinstance(value, list):
        children = {f'{name}[{i}]': child for i, child in enumerate(value)}
    else:
        yield name, value
    for key, child in children.items():
        yield from _flat(child, key)


def _shown(name: str, settings: Mapping[str, Any]) -> str:
    """A setting in words."""
    text = repr(settings[name]) if name in settings else 'not set'
    return text if len(text) <= 80 else f'{text[:80]}...'
