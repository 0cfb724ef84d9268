"""CondInst's dynamic head, and which positive points it runs for.

Axes: N points, C mask channels, h x w cells of the mask features.
"""

from typing import List

import torch
from mmengine.structures import InstanceData
from torch import Tensor


def dynamic_masks(features: Tensor, right: Tensor, down: Tensor, weights: List[Tensor],
                  biases: List[Tensor]) -> Tensor:
    """1 x 1 convolutions whose weights differ from point to point, with a ReLU between them.

    The first layer reads the position relative to the point and the features. Its product with
    the features is one matrix product, and x and y are added as a row and a column, so that
    neither features nor positions are repeated for each point.

    Args:
        features: of one image, (C, h, w).
        right: x of the cells relative to the points, (N, w).
        down: y of the cells relative to the points, (N, h).
        weights: of each layer, (N, outputs, inputs), the first with 2 + C inputs.
        biases: of each layer, (N, outputs); the last layer has one output.

    Returns:
        Mask logits (N, h, w).
    """
    (first, *further), (bias, *further_biases) = weights, biases
    by_features = first[:, :, 2:].flatten(0, 1) @ features.flatten(1)
    by_x = first[:, :, 0, None] * right[:, None]
    by_y = first[:, :, 1, None] * down[:, None] + bias[..., None]
    hidden = by_features.view(*first.shape[:2], *features.shape[1:])
    # Under autocast the positions are exact and their products as coarse as all others.
    hidden = hidden + by_x.to(hidden.dtype)[:, :, None] + by_y.to(hidden.dtype)[..., None]
    hidden = hidden.flatten(2)
    for weight, bias in zip(further, further_biases):
        hidden = torch.baddbmm(bias[..., None], weight, hidden.relu_())
    return hidden.view(len(hidden), *features.shape[1:])


def select_positives(positives: InstanceData, most: int) -> InstanceData:
    """Keep the best points of each instance, the number split evenly over the instances.

    mmdet's rule, without a loop over instances. It is applied before the dynamic head runs; mmdet
    computes the masks of all points first.

    Args:
        positives: points of one image with ``scores`` (N, K) and ``centernesses`` (N, 1), both
            logits, and ``pos_assigned_gt_inds`` (N,).
        most: number of points to keep; an instance keeps at least one, also if there are more
            instances than this. -1 keeps all.

    Returns:
        Some of the points, instance after instance, the best first.
    """
    if most == -1 or len(positives) == 0:
        return positives
    quality = positives.scores.sigmoid().amax(1) * positives.centernesses.sigmoid()[:, 0]
    order = quality.argsort(descending=True, stable=True)
    order = order[positives.pos_assigned_gt_inds[order].argsort(stable=True)]
    owners = positives.pos_assigned_gt_inds[order]
    first = torch.searchsorted(owners, owners)
    rank = torch.arange(len(owners), device=owners.device) - first
    share = (most // (rank == 0).sum()).clamp(min=1)
    return positives[order[rank < share]]
