"""Whether a checkpoint's state of an optimizer is that of a run's."""

from typing import Any, List, Mapping, Set

import torch
from torch.optim import Optimizer

from .run_record import RECORD


def optimizer_faults(state: Mapping[str, Any], optimizer: Optimizer, meta: Mapping[str, Any]
                     ) -> List[str]:
    """What is wrong with an optimizer's state.

    Args:
        state: of the checkpoint.
        optimizer: of the run.
        meta: of the checkpoint; with the number of states, where it was written by
            :class:`mmssis.engine.runner.ResumableRunner`.

    Returns:
        The faults, in words.
    """
    faults = wrong_parts(state, dict(param_groups=list, state=dict), 'optimizer.')
    faults = faults or _group_faults(state['param_groups'], optimizer)
    if faults:
        return faults
    parameters = [p for group in optimizer.param_groups for p in group['params']]
    indices = [index for group in state['param_groups'] for index in group['params']]
    by_index = dict(zip(indices, parameters))
    values = state['state']
    names = set().union(*(each for each in values.values() if isinstance(each, dict)))
    if names and not (kept := _kept_by(optimizer)) <= names:
        return [f'optimizer.state holds {", ".join(sorted(names))}, the optimizer of the config '
                f'keeps {", ".join(sorted(kept))}']
    for index, each in values.items():
        if index not in by_index or not isinstance(each, dict):
            faults.append(f'optimizer.state[{index!r}] belongs to no weight')
            continue
        faults += [f'optimizer.state[{index}] lacks {name}' for name in sorted(names - set(each))]
        faults += [f'optimizer.state[{index}].{name} is {tuple(value.shape)}, its weight '
                   f'{tuple(by_index[index].shape)}' for name, value in each.items()
                   if _has_other_shape(value, by_index[index])]
    return faults[:3] + _count_faults(values, optimizer, meta)


def _group_faults(groups: List[Any], optimizer: Optimizer) -> List[str]:
    """Groups of weights that are others."""
    own = optimizer.param_groups
    if len(groups) != len(own):
        return [f'optimizer.param_groups are {len(groups)}, {len(own)} in the config']
    for i, (group, mine) in enumerate(zip(groups, own)):
        if not isinstance(group, dict) or not isinstance(group.get('params'), list):
            return [f'optimizer.param_groups[{i}] is damaged']
        if len(group['params']) != len(mine['params']):
            return [f'optimizer.param_groups[{i}] has {len(group["params"])} weights, '
                    f'{len(mine["params"])} in the config']
    return []


def _has_other_shape(value: Any, parameter: torch.Tensor) -> bool:
    """Whether a state of a weight has its number of dimensions and another shape."""
    return (torch.is_tensor(value) and value.dim() == parameter.dim() and value.numel() > 1
            and value.shape != parameter.shape)


def _count_faults(values: Mapping[int, Any], optimizer: Optimizer, meta: Mapping[str, Any]
                  ) -> List[str]:
    """Fewer states than were written, or none after a step of an optimizer that keeps some."""
    record = meta.get(RECORD)
    written = record.get('optimizer_states') if isinstance(record, dict) else None
    if type(written) is int and len(values) != written:
        return [f'optimizer.state is that of {len(values)} weights, not of {written}']
    keeps = any('betas' in group or group.get('momentum') for group in optimizer.param_groups)
    return ['optimizer.state is empty'] if meta['iter'] and keeps and not values else []


def _kept_by(optimizer: Optimizer) -> Set[str]:
    """Names of what an optimizer keeps of each weight, as far as they are known."""
    if isinstance(optimizer, (torch.optim.Adam, torch.optim.AdamW)):
        return {'step', 'exp_avg', 'exp_avg_sq'}
    has_momentum = any(group.get('momentum') for group in optimizer.param_groups)
    return {'momentum_buffer'} if type(optimizer) is torch.optim.SGD and has_momentum else set()


def wrong_parts(content: Mapping[str, Any], parts: Mapping[str, Any], where: str = ''
                ) -> List[str]:
    """Parts that are missing or of another type.

    Args:
        content: of a checkpoint or a part of it.
        parts: name and type of each.
        where: what stands before the names.

    Returns:
        The faults, in words.
    """
    return [f'{where}{name} is missing' if name not in content else f'{where}{name} is damaged'
            for name, kind in parts.items() if not isinstance(content.get(name), kind)]
