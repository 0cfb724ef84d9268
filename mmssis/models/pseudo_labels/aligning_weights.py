"""Weights of PAIS's dynamic aligning loss (DALoss)."""

from typing import List, Optional, Tuple

from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import aligning_weights
from mmssis.structures import PseudoLabelContext
from mmssis.utils.settings import check_range

from .base import PseudoLabelHook

Reference = Tuple[float, float]


@MODELS.register_module()
class AligningWeights(PseudoLabelHook):
    """Weigh classes by class score and masks by mask score (PAIS Eq. 5).

    ``cls_weights = w (min(c, class_clip) / r) ** alpha`` with ``(r, w) = class_reference``, and
    likewise ``mask_weights`` from the mask score s, beta and ``mask_reference``; mask scores are
    predicted IoUs where the model predicts them. Without settings this is the paper's
    ``c ** 4`` and ``s ** 4``. The released code for K-Net has ``12 min(c, 0.5) ** 4``,
    ``2.5 s ** 4`` and negatives at 0.35 ** 2::

        dict(type='AligningWeights', class_clip=0.5, class_reference=(0.5, 0.75),
             mask_reference=(0.4**0.25, 1.0), background_weight=0.1225)

    A reference (score, weight) fixes the weight at one score, so that runs with other exponents
    differ in the curve alone.

    Args:
        alpha: exponent of the class weights; None leaves them out.
        beta: exponent of the mask weights; None leaves them out.
        class_clip: class scores above it count as this much, in (0, 1].
        class_reference: a class score in (0, 1] and the weight that it gets.
        mask_reference: a mask score in (0, 1] and the weight that it gets.
        background_weight: weight of the background in the classification loss.

    Raises:
        ValueError: if a setting is out of its range.
    """

    def __init__(self,
                 alpha: Optional[float] = 4.0,
                 beta: Optional[float] = 4.0,
                 class_clip: float = 1.0,
                 class_reference: Reference = (1.0, 1.0),
                 mask_reference: Reference = (1.0, 1.0),
                 background_weight: float = 1.0) -> None:
        super().__init__()
        for name, exponent in dict(alpha=alpha, beta=beta).items():
            if exponent is not None:
                check_range(name, exponent, 0)
        self.alpha = alpha
        self.beta = beta
        self.class_clip = check_range('class_clip', class_clip, 0, 1, open_low=True)
        self.class_reference = _check_reference('class_reference', class_reference)
        self.mask_reference = _check_reference('mask_reference', mask_reference)
        self.background_weight = check_range('background_weight', background_weight, 0)

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Set ``cls_weights`` and ``mask_weights``; the background's weight is metainfo."""
        for instances in pseudo_labels:
            instances.set_metainfo(dict(background_weight=self.background_weight))
            if self.alpha is not None:
                clipped = instances.class_scores.clamp(max=self.class_clip)
                instances.cls_weights = _weigh(clipped, self.alpha, self.class_reference)
            if self.beta is not None:
                self._require_mask_scores(instances)
                instances.mask_weights = _weigh(
                    instances.mask_scores, self.beta, self.mask_reference)
        return pseudo_labels

    @staticmethod
    def _require_mask_scores(instances: InstanceData) -> None:
        """Refuse instances without mask scores."""
        if 'mask_scores' not in instances:
            raise ValueError('AligningWeights in model.pseudo_label_hooks found no mask_scores: '
                             'put a filter before it, give the model a mask-IoU branch, or set '
                             'beta=None')


def _check_reference(name: str, reference: Reference) -> Reference:
    """Return a pair of a score in (0, 1] and a weight >= 0."""
    if len(reference) != 2:
        raise ValueError(f'{name} = {reference}: give (score, weight)')
    score, weight = reference
    check_range(f'score of {name}', score, 0, 1, open_low=True)
    check_range(f'weight of {name}', weight, 0)
    return float(score), float(weight)


def _weigh(scores: Tensor, exponent: float, reference: Reference) -> Tensor:
    """``w (score / r) ** exponent`` for a reference (r, w)."""
    score, weight = reference
    return aligning_weights(scores, exponent) * (weight / score ** exponent)
