"""Why a step has no pseudo label, and pseudo labels that take over, in words."""

from typing import Dict, List, Mapping, Tuple

from mmengine.structures import InstanceData
from torch import nn

from mmssis.models.pseudo_labels import ThresholdFilter
from mmssis.structures import resolve_masks


class Period:
    """Sums over the steps of one period."""

    def __init__(self) -> None:
        self.steps = 0
        self._sums = [0.0] * 6

    def add(self, *values: float) -> None:
        """Add images, pseudo labels, labeled images, their instances, sup and unsup loss."""
        self.steps += 1
        self._sums = [total + value for total, value in zip(self._sums, values)]

    def ratios(self) -> Tuple[float, float]:
        """Unsupervised to supervised loss, pseudo labels to labeled instances per image.

        A ratio to nothing is 0: it says nothing.
        """
        images, pseudo, labeled, instances, sup, unsup = self._sums
        per_image = (pseudo / images) / (instances / labeled) if instances else 0.0
        return unsup / sup if sup else 0.0, per_image


def explain_collapse(stages: Dict[str, List[InstanceData]], hooks: Mapping[str, nn.Module]) -> str:
    """Say at which stage the pseudo labels of a step vanish, and what to do.

    Args:
        stages: stage to the instances of each image after it, in order, ``candidates`` first.
        hooks: the pseudo-label hooks by name.
    """
    steps = list(stages.items())
    for (_, before), (name, after) in zip(steps, steps[1:]):
        entering = sum(map(len, before))
        if entering and not sum(map(len, after)):
            if isinstance(hooks[name], ThresholdFilter):
                return _explain_filter(f'model.pseudo_label_hooks.{name}', hooks[name], before)
            return (f'model.pseudo_label_hooks.{name} ({type(hooks[name]).__name__}) dropped all '
                    f'{entering} instances that reached it.')
    return 'The teacher gives no candidate at all: is its checkpoint the trained one?'


def _explain_filter(key: str, hook: ThresholdFilter, before: List[InstanceData]) -> str:
    """Tell apart the class threshold, the mask threshold and the area."""
    best = max(float(item.class_scores.max()) for item in before if len(item))
    passing = [resolve_masks(item[hook.keep_by_class(item)]) for item in before]
    if not sum(map(len, passing)):
        return (f'They vanish in {key} at the class threshold: the best class score of this '
                f'step is {best:.3f}. Lower class_thr, or lengthen model.burn_in so that the '
                'teacher is surer before it teaches.')
    quality = max(float(item.mask_scores.max()) for item in passing if len(item))
    if not any(bool(hook.keep_by_mask(item).any()) for item in passing):
        return (f'They vanish in {key} at the mask threshold: {sum(map(len, passing))} '
                f'instances pass the class threshold, their best mask score is {quality:.3f}. '
                'Lower mask_thr, or lengthen model.burn_in.')
    return (f'They vanish in {key} at the area: no mask that passes the thresholds has more '
            f'than min_area = {hook.min_area} pixels. Lower min_area or enlarge the images.')
