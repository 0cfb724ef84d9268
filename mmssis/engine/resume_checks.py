"""Whether a checkpoint holds all that a run needs to go on exactly, part by part."""

import math
from typing import Any, Dict, List, Mapping, Tuple

from mmengine.logging import HistoryBuffer
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import nn

from .burn_in import BURN_IN_END
from .optimizer_checks import optimizer_faults, wrong_parts
from .replay import can_replay
from .semi_detector import unwrapped_model
from .trained_model import does_not_fit, weight_faults

PARTS = dict(meta=dict, state_dict=dict, message_hub=dict, optimizer=dict)
HUB_PARTS = ('log_scalars', 'runtime_info', 'resumed_keys')
HOOKS = 'pseudo_label_hooks.'


def resume_faults(checkpoint: Dict[str, Any], runner: Runner) -> List[str]:
    """Compare a checkpoint with a run that has not begun; nothing is changed.

    Args:
        checkpoint: its content.
        runner: with model, data, optimizer and schedulers built.

    Returns:
        What does not fit, in words; empty if the run can go on exactly.
    """
    parts = dict(PARTS)
    if runner.param_schedulers is not None:
        parts['param_schedulers'] = (list, dict)
    faults = wrong_parts(checkpoint, parts) or _meta_faults(checkpoint['meta'])
    if faults:
        return faults
    model, meta = unwrapped_model(runner), checkpoint['meta']
    faults = _class_faults(meta, runner) + _accumulation_faults(meta, runner)
    ended = checkpoint['message_hub'].get('runtime_info', {}).get(BURN_IN_END, math.inf)
    weights = _weight_faults(checkpoint['state_dict'], model, meta['iter'], ended)
    faults += [does_not_fit(weights)] if weights else []
    if not isinstance(runner.optim_wrapper, OptimWrapperDict):
        faults += optimizer_faults(checkpoint['optimizer'], runner.optim_wrapper.optimizer, meta)
    faults += _scheduler_faults(checkpoint.get('param_schedulers'), runner)
    return faults + _message_faults(checkpoint['message_hub'])


def _meta_faults(meta: Mapping[str, Any]) -> List[str]:
    """Counters that are none."""
    return [f'meta.{name} = {meta.get(name)!r} is no count' for name in ('iter', 'epoch')
            if type(meta.get(name)) is not int or meta[name] < 0]


def _class_faults(meta: Mapping[str, Any], runner: Runner) -> List[str]:
    """Class names that are not those of the data."""
    of_checkpoint = meta.get('dataset_meta')
    own = getattr(runner.train_dataloader.dataset, 'metainfo', {}).get('classes')
    if not isinstance(of_checkpoint, dict) or 'classes' not in of_checkpoint or own is None:
        return []
    theirs = of_checkpoint['classes']
    if not isinstance(theirs, (list, tuple)):
        return ['meta.dataset_meta.classes is damaged']
    if tuple(theirs) == tuple(own):
        return []
    if len(theirs) != len(own):
        return [f'it was trained on {len(theirs)} classes, the data have {len(own)}']
    index = next(i for i, names in enumerate(zip(theirs, own)) if names[0] != names[1])
    return [f'class {index} is {theirs[index]!r} in the checkpoint, {own[index]!r} in the data']


def _accumulation_faults(meta: Mapping[str, Any], runner: Runner) -> List[str]:
    """Gradients of an accumulation period are in no checkpoint."""
    # mmengine has no public name for it.
    counts = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
    if meta['iter'] % counts == 0 or meta['iter'] == runner.max_iters:
        return []
    return [f'iteration {meta["iter"]} lies inside an accumulation period of '
            f'optim_wrapper.accumulative_counts = {counts}, whose gradients are lost']


def hooks_apart(weights: Mapping[str, Any], model: nn.Module) -> Tuple[List[str], List[str]]:
    """Pseudo-label hooks with buffers that the model alone or the checkpoint alone has.

    Args:
        weights: the checkpoint's state dict.
        model: the model of the run.

    Returns:
        Prefixes of those that the run adds, and of those that it leaves out.
    """
    own, theirs = ({'.'.join(name.split('.')[:2]) + '.' for name in names
                    if name.startswith(HOOKS)} for names in (model.state_dict(), weights))
    return sorted(own - theirs), sorted(theirs - own)


def _weight_faults(weights: Mapping[str, Any], model: nn.Module, iteration: int,
                   ended: float) -> List[str]:
    """Weights and buffers that are missing, left over or of another shape.

    Up to the end of burn-in a pseudo-label hook has learned nothing, and may be added. One that
    the config leaves out loses its buffers. ``ended`` is where a burn-in of no fixed length ended.
    """
    added, left_out = (tuple(names) for names in hooks_apart(weights, model))
    own = model.state_dict()
    if added and iteration <= min(getattr(model, 'burn_in', 0), ended):
        own = {name: value for name, value in own.items() if not name.startswith(added)}
    unknown = [f'{name} is not in the config' for name in weights
               if name not in own and not (left_out and name.startswith(left_out))]
    return weight_faults(own, weights) + unknown


def _scheduler_faults(states: Any, runner: Runner) -> List[str]:
    """States of schedulers that are others; those that are played again need none."""
    own = runner.param_schedulers
    if can_replay(runner) or not isinstance(own, list):
        return []
    if len(states) != len(own) or any(
            not isinstance(state, dict) or set(state) != set(scheduler.state_dict())
            for state, scheduler in zip(states, own)):
        return ['param_schedulers are not those of the config']
    return []


def _message_faults(hub: Mapping[str, Any]) -> List[str]:
    """Parts of the log history that are missing or none."""
    faults = wrong_parts(hub, dict.fromkeys(HUB_PARTS, dict), 'message_hub.')
    return faults or [f'message_hub.log_scalars[{name!r}] is no history'
                      for name, value in hub['log_scalars'].items()
                      if not isinstance(value, HistoryBuffer)][:3]
