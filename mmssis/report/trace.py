"""What becomes of each candidate of an image, stage by stage."""

from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import torch
from mmdet.structures import SampleList
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmssis.models.pseudo_labels import PseudoLabelHook

TRACE = 'trace'
WEIGHTS = dict(cls_weights='class weight', box_weights='box weight', mask_weights='mask weight')


class Stage(NamedTuple):
    """Instances of an image after the candidates were made, or after a hook.

    Attributes:
        name: 'candidates' or that of the hook in ``model.pseudo_label_hooks``.
        instances: N of them, with the field ``trace`` (N,): the number of each.
        notes: number of an instance to what the hook changed of it, in words.
        dropped: number of an instance to the reason why the hook dropped it.
    """

    name: str
    instances: InstanceData
    notes: Dict[int, str]
    dropped: Dict[int, str]

    def numbers(self) -> List[int]:
        """Numbers of the instances."""
        return self.instances[TRACE].tolist()


@torch.no_grad()
def trace_stages(model: nn.Module, images: Tensor, data_samples: SampleList,
                 classes: Sequence[str]) -> List[Stage]:
    """Run the teacher and the hooks on one image.

    Args:
        model: a :class:`~mmssis.models.detectors.SemiInstanceSegmentor`, prepared.
        images: (1, 3, H, W), normalised.
        data_samples: its sample.
        classes: class names.

    Returns:
        'candidates', then each hook.
    """
    stages: List[Stage] = []
    for name, (instances, ) in model.pseudo_label_stages(images, data_samples):
        if TRACE not in instances:
            # Candidates, or what a hook has put in their place.
            first = 1 + max((max(stage.numbers(), default=0) for stage in stages), default=0)
            instances.set_field(torch.arange(
                first, first + len(instances), device=instances.labels.device), TRACE)
        if not stages:
            stages.append(Stage(name, instances, {}, {}))
            continue
        stages.append(_compared(name, model.pseudo_label_hooks[name], stages[-1], instances,
                                classes))
    return stages


def fates(stages: Sequence[Stage]) -> Dict[int, str]:
    """Number of each instance to what becomes of it in the end."""
    found = {number: 'becomes a pseudo label' for stage in stages for number in stage.numbers()}
    for stage in stages:
        found.update({number: f'dropped: {reason}' for number, reason in stage.dropped.items()})
    return found


def why_empty(stages: Sequence[Stage], index: int) -> str:
    """Why a stage has no instance.

    Args:
        stages: of :func:`trace_stages`.
        index: of the stage.

    Returns:
        A sentence; empty where there are instances.
    """
    stage = stages[index]
    if len(stage.instances):
        return ''
    if index == 0:
        return 'The teacher gives no candidate for this image.'
    before = stages[index - 1].instances
    if not len(before):
        return f'Nothing reached {stage.name}: {stages[index - 1].name} has no instance.'
    best = int(before.class_scores.argmax())
    reason = stage.dropped[int(before[TRACE][best])]
    return f'{stage.name} keeps none of {len(before)}; the best by class score: {reason}.'


def _compared(name: str, hook: PseudoLabelHook, before: Stage, instances: InstanceData,
              classes: Sequence[str]) -> Stage:
    """A stage beside the one before it."""
    kept = set(instances[TRACE].tolist())
    lost = torch.tensor([number not in kept for number in before.numbers()], dtype=torch.bool)
    dropped = before.instances[lost]
    reasons = hook.reasons(name, dropped) if len(dropped) else []
    notes = dict(_notes(before.instances, instances, classes))
    return Stage(name, instances, notes, dict(zip(dropped[TRACE].tolist(), reasons)))


def _notes(before: InstanceData, after: InstanceData, classes: Sequence[str]
           ) -> Iterator[Tuple[int, str]]:
    """What changed of the instances that are in both."""
    places = {number: i for i, number in enumerate(before[TRACE].tolist())}
    for i, number in enumerate(after[TRACE].tolist()):
        if number not in places:
            continue
        old, new = before[places[number]], after[i]
        texts = [*_class_change(old, new, classes), *_weight_changes(old, new)]
        if texts:
            yield number, ', '.join(texts)


def _class_change(old: InstanceData, new: InstanceData, classes: Sequence[str]) -> Iterator[str]:
    """Another class, as 'old > new'."""
    if int(old.labels) != int(new.labels):
        yield f'{classes[int(old.labels)]} > {classes[int(new.labels)]}'


def _weight_changes(old: Any, new: Any) -> Iterator[str]:
    """Weights that were set or changed."""
    for field, words in WEIGHTS.items():
        if field in new and (field not in old or float(old[field]) != float(new[field])):
            yield f'{words} {float(new[field]):.2f}'
