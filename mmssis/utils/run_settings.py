"""Kinds and ranges of the settings of a run that no signature of our own classes judges."""

import logging
import re
from functools import lru_cache
from numbers import Real
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

from mmengine.config import Config
from mmengine.fileio.backends.registry_utils import backends

from .data_set_spec import EXAMPLE
from .keys import OWN_KEYS, RUNNER_KEYS
from .settings import check_range

TYPED = 'a dict with a `type`'
NAMED = 'a dict of name -> settings'
# What may stand at a place: `*` is one name, `**` any number of them. None leaves a part out.
KINDS: Dict[str, Tuple[Tuple[type, ...], str]] = {
    'model': ((dict, ), TYPED),
    '*_dataloader': ((dict, type(None)), 'a dict, or None'),
    '*_dataloader.dataset': ((dict, ), TYPED),
    '*_dataloader.sampler': ((dict, ), TYPED),
    '*_dataloader.batch_sampler': ((dict, type(None)), f'{TYPED}, or None'),
    '*_cfg': ((dict, type(None)), 'a dict, or None'),
    '*_evaluator': ((dict, list, tuple, type(None)), f'{TYPED}, or a list of them'),
    'optim_wrapper': ((dict, type(None)), 'a dict with an `optimizer`'),
    'optim_wrapper.optimizer': ((dict, ), TYPED),
    'param_scheduler': ((dict, list, tuple, type(None)), f'{TYPED}, or a list of them'),
    'default_hooks': ((dict, type(None)), NAMED),
    'default_hooks.*': ((dict, type(None)), f'{TYPED}, or None to leave it out'),
    'custom_hooks': ((list, tuple, type(None)), 'a list of dicts with a `type`'),
    'env_cfg': ((dict, ), 'a dict'),
    'log_processor': ((dict, type(None)), 'a dict'),
    'randomness': ((dict, ), 'a dict, such as dict(seed=0)'),
    'auto_scale_lr': ((dict, type(None)), 'a dict, such as dict(base_batch_size=16)'),
    'visualizer': ((dict, type(None)), TYPED),
    'default_scope': ((str, ), "a text; for mmdet's and our types 'mmdet'"),
    'work_dir': ((str, type(None)), 'the path of a folder'),
    'load_from': ((str, type(None)), 'the path of a checkpoint, or None'),
    'resume': ((bool, ), 'True or False'),
    'experiment_name': ((str, type(None)), 'a text'),
    'supervised': ((dict, ), 'a dict of settings'),
    'data_set': ((dict, ), f'a dict; an example: {EXAMPLE}'),
    'schedule': ((dict, ), 'a dict, such as dict(max_iters=1000)'),
    'split': ((dict, ), 'a dict, such as dict(percent=10, fold=1)'),
    'self_training': ((dict, ), 'a dict'),
    'model.detector': ((dict, ), TYPED),
    'model.candidates': ((dict, ), TYPED),
    '**.pipeline': ((list, tuple), 'a list of dicts with a `type`'),
    '**.metainfo': ((dict, type(None)), "a dict, such as dict(classes=('cat', 'dog'))"),
    '**.filter_cfg': ((dict, type(None)), 'a dict, or None'),
    '**.init_cfg': ((dict, list, tuple, type(None)), f'{TYPED}, or None'),
    '**.backend_args': ((dict, type(None)), "a dict, such as dict(backend='local')"),
    '**.train_cfg': ((dict, list, type(None)), 'a dict, or None'),
    '**.test_cfg': ((dict, type(None)), 'a dict, or None'),
    '**.train_cfg.assigner': ((dict, type(None)), TYPED),
    '**.train_cfg.sampler': ((dict, type(None)), TYPED),
    'optim_wrapper.clip_grad.norm_type': ((int, float), 'a number'),
    '**.panoptic_head.loss_cls.class_weight': (
        (list, tuple, type(None)), 'a number for each class and one for no-object'),
    'log_level': ((str, int), "a level, such as 'INFO'"),
    'param_scheduler.*.milestones': ((list, tuple), 'a list of iterations'),
}
# Lists whose entries are dicts, and dicts that name a class.
LISTS = ('*_evaluator', 'param_scheduler', 'custom_hooks', '**.pipeline')
TYPES = ('model', 'model.candidates', '*_dataloader.dataset',
         '*_dataloader.sampler', 'optim_wrapper.optimizer', 'default_hooks.*',
         *(f'{name}.*' for name in LISTS))
# Texts that name one of several things.
NAMES = {'**.backend_args.backend': backends, 'log_level': logging._nameToLevel}
# Dicts without a type, all of whose keys are known.
CLOSED = ('randomness', 'auto_scale_lr')
# Names of which one must be there.
NEEDED = dict(optim_wrapper=('optimizer', ), train_cfg=('max_iters', 'max_epochs'))


class Range(NamedTuple):
    """A range of numbers, see :func:`~mmssis.utils.settings.check_range`.

    Attributes:
        low: smallest value.
        high: largest value.
        open_low: whether ``low`` itself is refused.
        whole: whether the number must be whole.
        never: whether -1, which stands for never or for all, is allowed.
        none: whether None is allowed.
    """

    low: float = 0
    high: float = float('inf')
    open_low: bool = False
    whole: bool = False
    never: bool = False
    none: bool = True


COUNT = Range(1, whole=True)
INDEX = Range(0, whole=True)
POSITIVE = Range(open_low=True, none=False)
RANGES: Dict[str, Range] = {
    'train_cfg.max_iters': COUNT, 'train_cfg.max_epochs': COUNT, 'train_cfg.val_begin': INDEX,
    'train_cfg.val_interval': COUNT._replace(none=False),
    '*_dataloader.batch_size': COUNT, '*_dataloader.prefetch_factor': COUNT,
    '*_dataloader.num_workers': INDEX._replace(none=False), '*_dataloader.timeout': Range(),
    'optim_wrapper.accumulative_counts': COUNT._replace(none=False),
    'optim_wrapper.optimizer.lr': POSITIVE, 'optim_wrapper.optimizer.weight_decay': Range(),
    'optim_wrapper.clip_grad.max_norm': POSITIVE,
    'param_scheduler.*.begin': INDEX, 'param_scheduler.*.end': COUNT,
    'param_scheduler.*.T_max': COUNT, 'param_scheduler.*.gamma': POSITIVE,
    'param_scheduler.*.start_factor': Range(high=1, open_low=True),
    'param_scheduler.*.milestones.*': INDEX,
    'default_hooks.checkpoint.interval': COUNT._replace(never=True, none=False),
    'default_hooks.checkpoint.max_keep_ckpts': COUNT._replace(never=True, none=False),
    'default_hooks.logger.interval': COUNT._replace(none=False),
    'log_processor.window_size': COUNT._replace(none=False),
    'randomness.seed': INDEX._replace(high=2**32 - 1),
    'auto_scale_lr.base_batch_size': COUNT,
    '**.data_preprocessor.std.*': POSITIVE, '**.data_preprocessor.mean.*': Range(float('-inf')),
    '**.num_queries': COUNT, '**.num_kernels': COUNT, '**.max_per_image': COUNT,
    '**.num_points': COUNT, '**.oversample_ratio': Range(1),
    '**.importance_sample_ratio': Range(high=1), '**.layer_cfg.*.num_heads': COUNT,
    '**.layer_cfg.*.embed_dims': COUNT, '**.layer_cfg.*.feedforward_channels': COUNT,
    '**.layer_cfg.*.num_fcs': COUNT, '**.layer_cfg.*.num_levels': COUNT,
    '**.layer_cfg.*.dropout': Range(high=1), '**.layer_cfg.*.ffn_drop': Range(high=1),
    '**.loss_weight': Range(high=1e9, none=False), '**.eps': Range(),
    '**.class_weight.*': Range(),
    '**.positional_encoding.num_feats': Range(1, 2**16, whole=True),
}


def check_kinds(cfg: Config) -> None:
    """Refuse parts of a config that are no dict, list or text where the run needs one.

    Keys of mmssis that are None are taken out, in place: None leaves a part out.

    Args:
        cfg: any config.

    Raises:
        ValueError: with the first of them and what to give.
    """
    for key in [key for key in OWN_KEYS if cfg.get(key, 0) is None]:
        cfg.pop(key)
    for place, value, is_entry in _walk(cfg._cfg_dict):
        for kinds, words in _rules(KINDS, place):
            if not isinstance(value, kinds):
                raise ValueError(f'{place} = {shown(value)}: give {words}')
        if is_entry and not isinstance(value, dict) and _is_in(LISTS, place.rpartition('.')[0]):
            raise ValueError(f'{place} = {shown(value)}: give {TYPED}')
        for names in _rules(NAMES, place):
            if isinstance(value, str) and value not in names:
                raise ValueError(f'{place} = {value!r}: give one of {", ".join(names)}')
        unknown = set(value) - set(RUNNER_KEYS[place]) if place in CLOSED and value else ()
        if unknown:
            raise ValueError(f'{place}.{min(unknown)} is read by nothing: give '
                             f'{", ".join(RUNNER_KEYS[place])}')
        needed = NEEDED.get(place, ())
        if needed and value is not None and not set(needed) & set(value):
            raise ValueError(f'{place} = {shown(value)}: it lacks {" or ".join(needed)}')
        if isinstance(value, dict) and 'type' not in value and _is_in(TYPES, place):
            raise ValueError(f'{place} = {shown(value)}: it lacks its `type`')


def check_numbers(cfg: Config) -> None:
    """Refuse numbers outside the range that their key has, and NaN anywhere.

    Args:
        cfg: a config whose keys of mmssis have been resolved.

    Raises:
        ValueError: with the first of them.
    """
    for place, value, _ in _walk(cfg._cfg_dict):
        if isinstance(value, Real) and value != value:
            raise ValueError(f'{place} = {value!r}: give a number')
        if isinstance(value, (list, tuple)) and sum(map(_is_number, value)) > 1:
            odd = [child for child in value if not _is_number(child)]
            if odd and not isinstance(odd[0], bool):
                raise ValueError(f'{place} = {shown(value)}: {odd[0]!r} is no number')
        for limits in _rules(RANGES, place):
            _check_number(place, value, limits)


def shown(value: Any) -> str:
    """A value for a message, cut to one line."""
    text = repr(value)
    return text if len(text) <= 80 else f'{text[:77]}...'


def _is_number(value: Any) -> bool:
    """Whether a value is a number, as a bool is not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _check_number(place: str, value: Any, limits: Range) -> None:
    """Refuse a number outside its range."""
    if (value is None and limits.none) or (limits.never and value == -1):
        return
    if limits.whole and isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        check_range(place, value, limits.low, limits.high, open_low=limits.open_low,
                    whole=limits.whole)
    except ValueError as error:
        words = (', or -1 for never' if place.endswith('interval') else ', or -1 for all')
        raise ValueError(f'{error}{words if limits.never else ""}') from None


def _walk(node: Any, place: str = '') -> Iterator[Tuple[str, Any, bool]]:
    """Dotted keys and values of nested dicts and lists, and whether they stand in a list."""
    is_dict = isinstance(node, dict)
    for key, value in list(node.items() if is_dict else enumerate(node)):
        child = f'{place}.{key}' if place else str(key)
        yield child, value, not is_dict
        if isinstance(value, (dict, list, tuple)) and child not in ('supervised', 'data_set'):
            yield from _walk(value, child)


def _rules(table: Dict[str, Any], place: str) -> List[Any]:
    """The entries of a table whose pattern fits a dotted key."""
    return [table[pattern] for pattern in table if _fits(pattern, place)]


def _is_in(patterns: Tuple[str, ...], place: str) -> bool:
    """Whether a dotted key fits one of some patterns."""
    return any(_fits(pattern, place) for pattern in patterns)


@lru_cache(maxsize=None)
def _fits(pattern: str, place: str) -> bool:
    """Whether a dotted key fits a pattern."""
    names = re.escape(pattern).replace(r'\*\*\.', r'(.+\.)?').replace(r'\*', r'[^.]*')
    return re.fullmatch(names, place) is not None
