"""The length of a run, written once."""

from typing import Any, Dict, List, Mapping, Union

from mmengine.config import Config, ConfigDict

from .settings import check_burn_in, check_range

Count = Union[int, str]
KEYS = ('max_iters', 'burn_in', 'val_interval')


def apply_schedule(cfg: Config, options: Mapping[str, Any] = {}, supervised: bool = False) -> None:
    """Write ``cfg.schedule`` to everything that depends on it, in place.

    Keys, all optional:

    - ``max_iters``: student updates, burn-in included. The milestones of the learning rate and,
      where ``burn_in`` is not given, burn-in keep their share of the run.
    - ``burn_in``: supervised updates at the start; 'auto': until the teacher's labels are right,
      see :class:`mmssis.engine.hooks.BurnInHook`.
    - ``val_interval``: updates between two validations; goes to the checkpoints as well.

    The options of a command line come after the file: ``schedule.max_iters`` alone shortens the
    file's burn-in by its share too. Afterwards ``cfg.schedule`` holds the final numbers.

    Args:
        cfg: any config; with a ``schedule``, ``train_cfg`` must be by iterations.
        options: keys and values of the command line.
        supervised: whether burn-in lasts to the end.

    Raises:
        ValueError: if a key is unknown, or a value is no positive integer, or burn-in is longer
            than the run, or it is to end itself and ``default_hooks.burn_in`` is left out, or the
            model is a plain detector, which has none.
    """
    is_semi = 'detector' in (cfg.get('model') or {})
    if 'schedule' not in cfg and not options:
        if supervised and is_semi:
            cfg.model.burn_in = _reference(cfg)
        return
    schedule = cfg.get('schedule') or {}
    for keys in (schedule, options):
        _check_keys(keys)
        if 'burn_in' in keys and not is_semi:
            raise ValueError(f'schedule.burn_in = {keys["burn_in"]}: a plain {cfg.model.type} has '
                             'no burn-in, leave it out')
    if supervised and 'burn_in' in options:
        raise ValueError(f'schedule.burn_in = {options["burn_in"]} is read by nothing: a '
                         'supervised run is burn-in to its end. Leave it out')
    reference = _reference(cfg)
    numbers = _numbers(reference, cfg.model.get('burn_in', 0), schedule, options)
    if supervised:
        numbers['burn_in'] = numbers['max_iters']
    if numbers['burn_in'] == 'auto':
        _check_auto(cfg)
    elif numbers['burn_in'] > numbers['max_iters']:
        raise ValueError(f'schedule.burn_in = {numbers["burn_in"]} is longer than the run of '
                         f'{numbers["max_iters"]} iterations: give at most schedule.max_iters')
    for scheduler in _schedulers(cfg):
        rescale_scheduler(scheduler, reference, numbers['max_iters'])
    _write(cfg, numbers, is_semi)


def rescale_scheduler(scheduler: ConfigDict, old_max_iters: int, max_iters: int) -> None:
    """Stretch one scheduler to a run of another length, in place.

    Milestones keep their share of the run. A scheduler that ends with the run ends with the new
    one; a warm-up that ends earlier is left alone.

    Args:
        scheduler: config of an iteration-based scheduler.
        old_max_iters: length of the run it was written for.
        max_iters: length of the run it is for.
    """
    if 'milestones' in scheduler:
        scheduler.milestones = [
            _share(step, old_max_iters, max_iters) for step in scheduler.milestones]
    if scheduler.get('end') == old_max_iters:
        scheduler.end = max_iters
        if 'T_max' in scheduler:
            scheduler.T_max += max_iters - old_max_iters


def _numbers(reference: int, burn_in: Count, *steps: Mapping[str, Count]) -> Dict[str, Any]:
    """The final numbers; each step counts from those before it."""
    numbers = dict(max_iters=reference, burn_in=burn_in)
    for step in steps:
        max_iters = step.get('max_iters', numbers['max_iters'])
        if numbers['burn_in'] != 'auto':
            numbers['burn_in'] = _share(numbers['burn_in'], numbers['max_iters'], max_iters)
        numbers.update(step, max_iters=max_iters)
    return numbers


def _check_auto(cfg: Config) -> None:
    """Refuse a burn-in that nothing would end."""
    if (cfg.get('default_hooks') or {}).get('burn_in') is None:
        raise ValueError("schedule.burn_in = 'auto', but default_hooks.burn_in is left out, which "
                         "ends it: set it to dict(type='BurnInHook'), or schedule.burn_in to a "
                         'number of updates')


def _write(cfg: Config, numbers: Dict[str, Any], is_semi: bool) -> None:
    """Write the final numbers to loop, model, checkpoints and ``schedule``."""
    cfg.train_cfg.max_iters = numbers['max_iters']
    if is_semi:
        cfg.model.burn_in = numbers['burn_in']
    else:
        del numbers['burn_in']
    if 'val_interval' in numbers:
        cfg.train_cfg.val_interval = numbers['val_interval']
        cfg.default_hooks.checkpoint.interval = numbers['val_interval']
    cfg.schedule = ConfigDict(numbers)


def _share(step: int, old_max_iters: int, max_iters: int) -> int:
    """The iteration at the same share of a run of another length."""
    return round(step * max_iters / old_max_iters)


def _reference(cfg: Config) -> int:
    """The length of the run that milestones are written for."""
    max_iters = (cfg.get('train_cfg') or {}).get('max_iters')
    if max_iters is None:
        raise ValueError('schedule needs train_cfg.max_iters, the length that the milestones of '
                         'param_scheduler are written for; a run by epochs has none')
    return check_range('train_cfg.max_iters', max_iters, 1, whole=True)


def _check_keys(schedule: Mapping[str, Any]) -> None:
    """Refuse keys that are unknown and values that are no count."""
    for key, value in schedule.items():
        if key not in KEYS:
            raise ValueError(f'schedule has no key {key!r}: use {", ".join(KEYS)}')
        if key == 'burn_in':
            check_burn_in('schedule.burn_in', value)
        else:
            check_range(f'schedule.{key}', value, 1, whole=True)


def _schedulers(cfg: Config) -> List[ConfigDict]:
    """The learning rate schedulers that count iterations."""
    schedulers = cfg.get('param_scheduler') or []
    if isinstance(schedulers, dict):
        schedulers = [schedulers]
    return [scheduler for scheduler in schedulers if not scheduler.get('by_epoch', True)]
