"""The threshold filter of a detector: what it asks of candidates, and its settings."""

from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np
from torch import Tensor, nn

from mmssis.models.pseudo_labels import (ClassThresholdFilter, ClipCategoryCorrection,
                                         CoupledThresholdFilter, DualThresholdFilter,
                                         ThresholdFilter)
from mmssis.models.pseudo_labels.base import PLACE

FLOOR = 0.05
"""Candidates with a lower class score are not looked at."""
# A teacher that has seen pseudo labels is sure of most: the last steps tell right from wrong.
TAIL = (0.96, 0.97, 0.98, 0.99, 0.995)
CLASS_GRID = (*(round(0.05 * i, 2) for i in range(1, 20)), *TAIL)
MASK_GRID = (0.0, *(round(0.5 + 0.05 * i, 2) for i in range(10)), *TAIL)
KEYS: Dict[type, Tuple[str, ...]] = {
    DualThresholdFilter: ('class_thr', 'mask_thr'),
    CoupledThresholdFilter: ('score_thr', ),
    ClassThresholdFilter: ('class_thr', ),
}
GRIDS = dict(class_thr=CLASS_GRID, mask_thr=MASK_GRID, score_thr=CLASS_GRID)
# Category correction refuses a class threshold that lets every first class stand.
LOWEST_OF_CORRECTION = 0.5


class FilterOfModel(NamedTuple):
    """The first threshold filter of a detector.

    Attributes:
        model: a :class:`~mmssis.models.detectors.SemiInstanceSegmentor`.
        name: of the filter in ``model.pseudo_label_hooks``.
        keys: its A thresholds.
    """

    model: nn.Module
    name: str
    keys: Tuple[str, ...]

    @property
    def now(self) -> Tuple[float, ...]:
        """Its thresholds, (A,)."""
        hook = self.model.pseudo_label_hooks[self.name]
        return tuple(float(getattr(hook, key)) for key in self.keys)

    @property
    def stage_before(self) -> str:
        """Name of the stage whose instances the filter gets."""
        stages = ['candidates', *self.model.pseudo_label_hooks]
        return stages[stages.index(self.name) - 1]

    def grids(self) -> List[Tuple[float, ...]]:
        """Thresholds to try, those of the config among them, (A,)."""
        return [tuple(sorted({*GRIDS[key], value})) for key, value in zip(self.keys, self.now)]

    def scores(self, class_scores: Tensor, mask_scores: Tensor) -> np.ndarray:
        """What the filter compares with its thresholds, (N, A).

        Args:
            class_scores: (N,).
            mask_scores: (N,).
        """
        columns = dict(class_thr=class_scores, mask_thr=mask_scores,
                       score_thr=class_scores * mask_scores)
        return np.stack([columns[key].numpy() for key in self.keys], 1)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Let every candidate of a class score of at least :data:`FLOOR` pass for a while."""
        opening = list(self._opening())
        before = [getattr(owner, key) for owner, key, _ in opening]
        try:
            for owner, key, value in opening:
                setattr(owner, key, value)
            yield
        finally:
            for (owner, key, _), value in zip(opening, before):
                setattr(owner, key, value)

    def _opening(self) -> Iterator[Tuple[Any, str, Any]]:
        """Objects, their settings and the values that open the filter."""
        for key in self.keys:
            yield self.model.pseudo_label_hooks[self.name], key, 0.0 if key == 'mask_thr' else FLOOR
        if self.model.candidates.score_thr is not None:
            yield self.model.candidates, 'score_thr', FLOOR
        for _, hook in self._corrections():
            yield hook, 'class_thr', None

    def _corrections(self) -> Iterator[Tuple[str, nn.Module]]:
        """Category corrections that know the class threshold of the filter, with their names."""
        for name, hook in self.model.pseudo_label_hooks.items():
            if isinstance(hook, ClipCategoryCorrection) and hook.class_thr is not None:
                yield name, hook

    def options(self, thresholds: Sequence[float]) -> str:
        """What to write behind ``--cfg-options``, other settings that must follow included.

        Args:
            thresholds: (A,).
        """
        words = {f'{PLACE}.{self.name}.{key}': f'{value:g}'
                 for key, value in zip(self.keys, thresholds)}
        lowest = thresholds[0]
        score_thr = self.model.candidates.score_thr
        if score_thr is not None and score_thr > lowest:
            words['model.candidates.score_thr'] = f'{lowest:g}'
        for name, hook in self._corrections():
            words[f'{PLACE}.{name}.class_thr'] = (
                f'{lowest:g}' if lowest > LOWEST_OF_CORRECTION else 'None')
        return ' '.join(f'{key}={value}' for key, value in words.items())


def filter_of(model: nn.Module) -> FilterOfModel:
    """The threshold filter of a detector.

    Args:
        model: a semi-supervised detector.

    Returns:
        The first one.

    Raises:
        ValueError: if it has none, or one whose thresholds move.
    """
    for name, hook in model.pseudo_label_hooks.items():
        if isinstance(hook, ThresholdFilter):
            if type(hook) not in KEYS:
                raise ValueError(
                    f'{PLACE}.{name} is a {type(hook).__name__}, whose thresholds are not one '
                    'number for all classes. They can be found with '
                    f'{PLACE}.{name}.type=DualThresholdFilter')
            return FilterOfModel(model, name, KEYS[type(hook)])
    raise ValueError(f'{PLACE} has no threshold filter, so there is no threshold to find')
