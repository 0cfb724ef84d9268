"""The mask losses that kernel head and update heads share."""

from typing import Dict, Optional

from torch import Tensor, nn

from mmssis.ops import boundary_preserving_map_in_boxes
from mmssis.structures import boxes_on_grid

from .kernels import to_stride4
from .targets import Assignment


def matched_logits(mask_logits: Tensor, assignment: Assignment) -> Tensor:
    """Mask logits of the matched kernels at stride 4; only these are upsampled with gradient.

    Args:
        mask_logits: logits of all kernels, (B, N, h, w).
        assignment: who learns what.

    Returns:
        (P, 2h, 2w), float32.
    """
    matched = mask_logits.flatten(0, 1).index_select(0, assignment.rows)
    return to_stride4(matched[:, None])[:, 0]


def mask_losses(logits: Tensor, assignment: Assignment, loss_mask: nn.Module,
                loss_dice: nn.Module, boundary_map: Optional[dict] = None) -> Dict[str, Tensor]:
    """Cross-entropy and dice of matched masks, as means over the P pairs of this rank.

    ``mask_weights`` multiply both losses, ``pixel_weights`` and the boundary-preserving map of the
    prediction in a RoI around each instance (Noisy Boundaries, section 3.3), if wanted, the
    cross-entropy. The means divide by numbers of pairs and pixels, not by sums of weights.

    Args:
        logits: from :func:`matched_logits`.
        assignment: who learns what.
        loss_mask: binary cross-entropy over pixels.
        loss_dice: dice loss with squared sums.
        boundary_map: settings of :func:`mmssis.ops.boundary_preserving_map_in_boxes` (``scale``,
            ``eps``, ``padding``); None: no map.

    Returns:
        ``loss_mask`` and ``loss_dice``; without a pair a 0 that keeps the graph, so that all
        ranks reduce the same gradients.
    """
    if len(logits) == 0:
        return dict(loss_mask=logits.sum(), loss_dice=logits.sum())
    weights = assignment.mask_weights[:, None, None].expand_as(logits)
    if assignment.pixel_weights is not None:
        weights = weights * assignment.pixel_weights
    if boundary_map is not None:
        boxes = boxes_on_grid(assignment.masks > 0, logits.shape[1:])
        weights = weights * boundary_preserving_map_in_boxes(
            logits.sigmoid(), boxes, **boundary_map)
    return dict(
        loss_mask=loss_mask(logits, assignment.masks, weight=weights),
        loss_dice=loss_dice(logits, assignment.masks, weight=assignment.mask_weights))


def check_sigmoid(owner: str, **losses: nn.Module) -> None:
    """Refuse losses that K-Net's outputs do not fit.

    Args:
        owner: name of the head in the config.
        **losses: losses by the name of the setting.

    Raises:
        ValueError: if a loss is over a softmax: K-Net's outputs are independent logits.
    """
    for name, loss in losses.items():
        if not loss.use_sigmoid:
            raise ValueError(f'{owner}.{name} is over a softmax, but K-Net has an independent '
                             'logit per class and pixel: set use_sigmoid=True')
