"""The length of a run, written once."""

from typing import List

from mmengine.config import Config, ConfigDict

KEYS = ('max_iters', 'burn_in', 'val_interval')


def apply_schedule(cfg: Config) -> None:
    """Write ``cfg.schedule`` to everything that depends on it, in place.

    Keys, all optional:

    - ``max_iters``: student updates, burn-in included. The milestones of the learning rate and,
      where ``burn_in`` is not given, burn-in keep their share of the run.
    - ``burn_in``: supervised updates at the start; goes to the model and the batch sampler.
    - ``val_interval``: updates between two validations; goes to the checkpoints as well.

    Args:
        cfg: a config with a ``schedule``; ``train_cfg`` must be by iterations.

    Raises:
        ValueError: if a key is unknown, or a value is no positive integer, or burn-in is longer
            than the run, or the model is a plain detector, which has none.
    """
    schedule = cfg.schedule
    _check_keys(schedule)
    old_max_iters = cfg.train_cfg.max_iters
    max_iters = schedule.get('max_iters', old_max_iters)
    burn_in = schedule.get('burn_in', _share(cfg.model.get('burn_in', 0), old_max_iters, max_iters))
    if burn_in > max_iters:
        raise ValueError(f'schedule.burn_in = {burn_in} is longer than the run of '
                         f'{max_iters} iterations: give at most schedule.max_iters')
    cfg.train_cfg.max_iters = max_iters
    if 'detector' in cfg.model:
        if not _begins_early(cfg):
            cfg.train_dataloader.batch_sampler.burn_in = burn_in
        cfg.model.burn_in = burn_in
    elif 'burn_in' in schedule:
        raise ValueError(f'schedule.burn_in = {burn_in}: a plain {cfg.model.type} has no burn-in, '
                         'leave it out')
    for scheduler in _schedulers(cfg):
        rescale_scheduler(scheduler, old_max_iters, max_iters)
    if 'val_interval' in schedule:
        cfg.train_cfg.val_interval = schedule.val_interval
        cfg.default_hooks.checkpoint.interval = schedule.val_interval


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


def check_burn_in(cfg: Config) -> None:
    """Check that model and batch sampler end burn-in together.

    Args:
        cfg: any config; one without a semi-supervised model and sampler passes.

    Raises:
        ValueError: if they do not. The model would wait for unlabeled images that do not come,
            or the other way round.
    """
    sampler = cfg.get('train_dataloader', {}).get('batch_sampler')
    model = cfg.get('model', {})
    if sampler is None or 'burn_in' not in model:
        return
    sampler_burn_in = sampler.get('burn_in', 0)
    if model.burn_in != sampler_burn_in and not _begins_early(cfg):
        raise ValueError(
            f'model.burn_in = {model.burn_in}, but train_dataloader.batch_sampler.burn_in = '
            f'{sampler_burn_in}: give both at once with schedule = dict(burn_in=...), or '
            '--cfg-options schedule.burn_in=...')


def _begins_early(cfg: Config) -> bool:
    """Whether the second source comes during burn-in: BoxTeacher learns from its boxes by then."""
    sampler_burn_in = cfg.train_dataloader.batch_sampler.get('burn_in', 0)
    return cfg.model.type == 'BoxTeacher' and sampler_burn_in < cfg.model.burn_in


def _share(step: int, old_max_iters: int, max_iters: int) -> int:
    """The iteration at the same share of a run of another length."""
    return round(step * max_iters / old_max_iters)


def _check_keys(schedule: ConfigDict) -> None:
    """Refuse keys that are unknown and values that are no count."""
    unknown = sorted(set(schedule) - set(KEYS))
    if unknown:
        raise ValueError(f'schedule has no key {unknown[0]!r}: use {", ".join(KEYS)}')
    for key, value in schedule.items():
        smallest = 0 if key == 'burn_in' else 1
        if isinstance(value, bool) or not isinstance(value, int) or value < smallest:
            raise ValueError(f'schedule.{key} = {value!r}: give a whole number >= {smallest}')


def _schedulers(cfg: Config) -> List[ConfigDict]:
    """The learning rate schedulers that count iterations."""
    schedulers = cfg.get('param_scheduler') or []
    if isinstance(schedulers, dict):
        schedulers = [schedulers]
    return [scheduler for scheduler in schedulers if not scheduler.get('by_epoch', True)]
