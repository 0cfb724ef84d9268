"""What kernels learn from: instances at stride 4, and who learns which."""

from typing import Any, NamedTuple, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmdet.structures.mask import BaseInstanceMasks
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.structures import background_weight, masks_on_doubtful, pixel_weights_at, set_doubtful

from .kernel_matcher import Matches

# Masks brought to stride 4 at a time: full-size masks in floating point are 5 MB each.
CHUNK = 16


class Assignment(NamedTuple):
    """P matched pairs of a batch of B images with N kernels each.

    Attributes:
        rows: position of each matched kernel among the B * N, (P,) long.
        labels: class of every kernel, the number of classes where it has none, (B * N,) long.
        cls_weights: weight of every kernel in the classification loss, (B * N,).
        masks: masks of the matched instances in [0, 1], (P, H / 4, W / 4).
        mask_weights: their weights in the mask losses, (P,).
        pixel_weights: weights of their pixels, like ``masks``; None: all 1.
    """

    rows: Tensor
    labels: Tensor
    cls_weights: Tensor
    masks: Tensor
    mask_weights: Tensor
    pixel_weights: Optional[Tensor]


def stride4_targets(instances: InstanceData, input_shape: Tuple[int, int]) -> InstanceData:
    """Bring labels of both kinds into one form.

    Args:
        instances: G instances with ``labels``, ``masks`` (mmdet's instance masks, which are
            padded to the input, or bool (G, h, w) at any resolution that covers it) and any of
            the weights ``cls_weights`` (G,), ``mask_weights`` (G,), ``pixel_weights`` and
            ``pixel_logits`` (G, h, w), and ``background_weight`` in the metainfo. A missing weight
            means 1.
        input_shape: (H, W) of the padded network input.

    Returns:
        Instances with ``labels``, ``masks`` (G, H / 4, W / 4) float32, all weights of instances,
        ``pixel_weights`` at stride 4 if given, and the metainfo ``background_weight`` and,
        where there are any, that of doubtful regions.

    Raises:
        ValueError: if masks or pixel weights are of a kind that K-Net cannot read.
    """
    shape = (input_shape[0] // 4, input_shape[1] // 4)
    ones = torch.ones(len(instances), device=instances.labels.device)
    target = InstanceData(
        metainfo=dict(background_weight=background_weight(instances)),
        labels=instances.labels,
        masks=_resized(_bool_masks(instances, input_shape), shape))
    for name in ('cls_weights', 'mask_weights'):
        target[name] = instances[name].float() if name in instances else ones
    pixel_weights = pixel_weights_at(instances, lambda maps: _resized(_as_tensor(maps), shape))
    if pixel_weights is not None:
        target.pixel_weights = pixel_weights
    if 'doubtful_map' in instances:
        set_doubtful(target, instances.doubtful_map, instances.doubtful_boxes)
    return target


def _as_tensor(maps: Any) -> Tensor:
    """Maps that weigh pixels, or an error."""
    if not torch.is_tensor(maps):
        raise ValueError(f'pixel_weights of gt_instances are {type(maps).__name__}: K-Net reads '
                         'a tensor')
    return maps


def _bool_masks(instances: InstanceData, input_shape: Tuple[int, int]) -> Tensor:
    """Masks as a tensor (G, h, w) that covers the padded input, not of floating type."""
    masks = instances.masks
    if isinstance(masks, BaseInstanceMasks):
        if (masks.height, masks.width) != tuple(input_shape):
            masks = masks.pad(tuple(input_shape))
        masks = masks.to_tensor(dtype=torch.bool, device=instances.labels.device)
    if not torch.is_tensor(masks) or masks.is_floating_point():
        kind = masks.dtype if torch.is_tensor(masks) else type(masks).__name__
        raise ValueError(f'masks of gt_instances are {kind}: K-Net reads bool masks, for example '
                         'masks > 0.5')
    return masks


def _resized(maps: Tensor, shape: Tuple[int, int]) -> Tensor:
    """Maps (G, h, w) at another resolution, bilinear and half-pixel correct, float32."""
    return torch.cat([
        F.interpolate(part[:, None].float(), shape, mode='bilinear', align_corners=False)[:, 0]
        for part in maps.split(CHUNK)
    ])


def assign(matches: Matches, targets: Sequence[InstanceData], num_kernels: int,
           num_classes: int) -> Assignment:
    """Give every kernel of a batch what it learns.

    Args:
        matches: matched kernels and instances of each image.
        targets: from :func:`stride4_targets`.
        num_kernels: number N of kernels of an image.
        num_classes: number K of classes.

    Returns:
        The pairs, by ascending image and kernel.
    """
    rows = torch.cat([i * num_kernels + kernels for i, (kernels, _) in enumerate(matches)])
    labels = rows.new_full((len(targets) * num_kernels, ), num_classes)
    labels[rows] = _matched('labels', matches, targets)
    cls_weights = torch.cat([
        target.cls_weights.new_full((num_kernels, ), target.background_weight)
        for target in targets
    ])
    cls_weights[rows] = _matched('cls_weights', matches, targets)
    pixel_weights = None
    if any('pixel_weights' in target for target in targets):
        pixel_weights = torch.cat([
            target.pixel_weights[instances] if 'pixel_weights' in target
            else torch.ones_like(target.masks[instances])
            for target, (_, instances) in zip(targets, matches)
        ])
    return Assignment(rows, labels, cls_weights, _matched('masks', matches, targets),
                      _matched('mask_weights', matches, targets), pixel_weights)


def without_doubtful(assignment: Assignment, mask_logits: Tensor,
                     targets: Sequence[InstanceData]) -> Assignment:
    """Let kernels without an instance weigh 0 if their masks lie on doubtful regions.

    Args:
        assignment: of a stage.
        mask_logits: those that the stage was matched by, (B, N, h, w).
        targets: from :func:`stride4_targets`, with such regions or without.

    Returns:
        The assignment; the same one where no image has such a region.
    """
    if not any('doubtful_map' in target for target in targets):
        return assignment
    doubtful = torch.cat([masks_on_doubtful(*image) for image in zip(mask_logits, targets)])
    doubtful[assignment.rows] = False
    return assignment._replace(cls_weights=assignment.cls_weights.masked_fill(doubtful, 0))


def _matched(field: str, matches: Matches, targets: Sequence[InstanceData]) -> Tensor:
    """A field of the matched instances of all images."""
    return torch.cat([target[field][instances]
                      for target, (_, instances) in zip(targets, matches)])


def semantic_targets(targets: Sequence[InstanceData], num_classes: int) -> Tensor:
    """Class of every pixel; of the instances that touch it, the last one counts.

    Args:
        targets: from :func:`stride4_targets`.
        num_classes: number of classes, the label of pixels without an instance.

    Returns:
        (B, H / 4, W / 4) long.
    """
    return torch.stack([_painted(target, num_classes) for target in targets])


def _painted(target: InstanceData, num_classes: int) -> Tensor:
    """Semantic map (h, w) of one image."""
    labels = torch.cat([target.labels.new_full((1, ), num_classes), target.labels])
    background = target.masks.new_ones((1, *target.masks.shape[1:]))
    touched = torch.cat([background, target.masks]) > 0
    position = torch.arange(len(labels), device=labels.device)[:, None, None]
    return labels[(touched * position).amax(0)]
