"""Focal loss for a RoI head whose classes exclude each other."""

from typing import Optional

from mmdet.models.losses.utils import weight_reduce_loss
from mmdet.registry import MODELS
from torch import Tensor, nn

from mmssis.ops import softmax_focal_loss
from mmssis.ops.focal import check_gamma

REDUCTIONS = ('none', 'mean', 'sum')


@MODELS.register_module()
class SoftmaxFocalLoss(nn.Module):
    """Softmax focal loss as ``loss_cls`` of a box head, in place of ``CrossEntropyLoss``.

    The head keeps its K + 1 outputs, its softmax at test and its accuracy in the log. mmdet's
    ``FocalLoss`` is over sigmoids, for heads without a background class.

    Args:
        gamma: at least 0; 0 gives the cross-entropy. See :func:`mmssis.ops.softmax_focal_loss`.
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: factor of the loss.

    Raises:
        ValueError: if ``gamma`` is negative or the reduction unknown.
        TypeError: if ``gamma`` is not a number.
    """

    def __init__(self, gamma: float = 1.5, reduction: str = 'mean',
                 loss_weight: float = 1.0) -> None:
        super().__init__()
        check_gamma(gamma)
        _check_reduction(reduction)
        self.gamma = gamma
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(self,
                cls_score: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None,
                avg_factor: Optional[float] = None,
                reduction_override: Optional[str] = None) -> Tensor:
        """The loss, with the arguments of mmdet's ``CrossEntropyLoss``.

        Args:
            cls_score: (N, K + 1) logits, background last.
            label: (N,) long, in [0, K].
            weight: of each row, (N,); None: 1.
            avg_factor: what a mean divides by; None: N.
            reduction_override: in place of ``reduction``.

        Returns:
            (N,) for the reduction 'none', a scalar otherwise.
        """
        reduction = self.reduction if reduction_override is None else reduction_override
        _check_reduction(reduction)
        loss = softmax_focal_loss(cls_score, label, self.gamma)
        return self.loss_weight * weight_reduce_loss(loss, weight, reduction, avg_factor)

    def extra_repr(self) -> str:
        """Settings of the loss."""
        return f'gamma={self.gamma}, reduction={self.reduction!r}, loss_weight={self.loss_weight}'


def _check_reduction(reduction: str) -> None:
    """Refuse a reduction that does not exist."""
    if reduction not in REDUCTIONS:
        raise ValueError(f'reduction of SoftmaxFocalLoss must be one of {REDUCTIONS}, got '
                         f'{reduction!r}.')
