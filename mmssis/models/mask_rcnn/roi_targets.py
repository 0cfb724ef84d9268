"""What the RoIs of an image learn from: masks and weights in any of their forms.

Axes: N instances of one image, P RoIs.
"""

from typing import Callable, List, Optional, Tuple, Union

import torch
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.structures.mask import mask_target
from mmdet.utils import InstanceList
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor
from torch.nn.modules.utils import _pair

from mmssis.structures import (BoxMaps, background_weight, boxes_on_doubtful, crop_grid,
                               instance_weights, pixel_weights_at)
from mmssis.structures.weights import Size

Background = Callable[[List[Tensor]], List[Tensor]]


def crop_masks(instances: InstanceData, rois: Tensor, inds: Tensor, cfg: ConfigDict,
               input_shape: Size) -> Tensor:
    """Mask targets of RoIs, on the device, without masks of the image's size where possible.

    Args:
        instances: N instances. Their ``masks`` are mmdet's, which it crops itself; or bool
            (N, h, w) at any resolution that covers the padded network input; or
            :class:`BoxMaps` of probabilities.
        rois: (P, 4), xyxy in pixels of the network input.
        inds: index of each RoI's instance, (P,) long.
        cfg: the RoI head's ``train_cfg`` with ``mask_size``.
        input_shape: (H, W) of the padded network input.

    Returns:
        (P, rows, columns) float32, 0 or 1.
    """
    size = _pair(cfg.mask_size)
    if len(rois) == 0:
        return rois.new_zeros((0, *size))
    masks = instances.masks
    if isinstance(masks, BoxMaps):
        return (masks.crop(rois, inds, size) >= 0.5).float()
    if isinstance(masks, Tensor):
        return (crop_grid(masks, rois, inds, size, input_shape) >= 0.5).float()
    return mask_target([rois], [inds], [masks], cfg)


def crop_weights(instances: InstanceData, rois: Tensor, inds: Tensor, size: Size,
                 input_shape: Size) -> Tensor:
    """Pixel weights of RoIs; outside of a :class:`BoxMaps` those of the box's nearest cell.

    Args:
        instances: N instances, with ``pixel_weights`` and ``pixel_logits`` or without.
        rois: (P, 4), xyxy in pixels of the network input.
        inds: index of each RoI's instance, (P,) long.
        size: (rows, columns) of the RoI's grid.
        input_shape: (H, W) of the padded network input.

    Returns:
        (P, rows, columns) float32, 1 without either.
    """
    def read(maps: Union[Tensor, BoxMaps]) -> Tensor:
        if isinstance(maps, BoxMaps):
            return maps.crop(rois, inds, size, border=True).float()
        return crop_grid(maps, rois, inds, size, input_shape)

    weights = pixel_weights_at(instances, read) if len(rois) else None
    return rois.new_ones((len(rois), *size)) if weights is None else weights


@torch.no_grad()
def roi_weights(sampling_results: List[SamplingResult], batch_gt_instances: InstanceList,
                background: Optional[Background] = None) -> Tuple[Tensor, Tensor]:
    """Weights of all RoIs in the classification and in the box loss, positives before negatives.

    Args:
        sampling_results: P_i RoIs of each image.
        batch_gt_instances: instances of each image.
        background: weighs negative boxes, see :meth:`WeightedRoIHead.loss`; without it they
            weigh the metainfo ``background_weight`` of their image's instances, or 1. On a
            doubtful region they weigh 0.

    Returns:
        Two weights per RoI, both (P,) float32, image after image as in mmdet's targets.
    """
    if background is not None:
        negatives = background([result.neg_priors for result in sampling_results])
    else:
        negatives = [
            result.neg_priors.new_full((len(result.neg_priors), ), background_weight(instances))
            for result, instances in zip(sampling_results, batch_gt_instances)
        ]
    negatives = [weights * ~boxes_on_doubtful(result.neg_priors, instances) for
                 weights, result, instances in zip(negatives, sampling_results, batch_gt_instances)]
    by_class, by_box = [], []
    for result, instances, negative in zip(sampling_results, batch_gt_instances, negatives):
        inds = result.pos_assigned_gt_inds
        by_class += [instance_weights(instances, 'cls_weights', inds), negative.float()]
        by_box += [instance_weights(instances, 'box_weights', inds), torch.ones_like(negative)]
    return torch.cat(by_class), torch.cat(by_box).float()
