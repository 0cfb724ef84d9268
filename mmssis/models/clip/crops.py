"""Cut the regions of pseudo labels out of the images of a batch.

Shapes: B images, N regions of all images together, H x W network input, S crop size.
"""

from dataclasses import dataclass
from typing import Iterator, List, Sequence, Tuple

import torch
from mmengine.structures import InstanceData
from torch import Tensor
from torchvision.ops import roi_align

from mmssis.ops import largest_part_boxes
from mmssis.utils.settings import check_range


@dataclass(frozen=True)
class RegionCropper:
    """Crops of the boxes of instances, batched over all images of the rank.

    ``roi_align`` with adaptive sampling averages over every input pixel below an output pixel.
    A fixed number of samples would skip pixels of boxes larger than the crop and alias them.

    Args:
        context: factor by which a box grows around its centre, >= 1.
        square: grow the shorter side of a box to its longer side, as far as the image reaches.
            Squeezing an elongated box into a square crop shows the classifier shapes that it
            was not trained on.
        mask_out: replace what lies outside the mask by the classifier's mean colour.
        min_size: smallest side of a cropped box, in pixels of the network input. Smaller boxes
            grow around their centre, so that no region is empty.
        largest_part: crop around the largest connected part of a mask. A few stray pixels far
            from the object, which young teachers draw often, blow its tight box up.
        batch_size: crops that are in memory at the same time.
    """

    context: float = 1.0
    square: bool = True
    mask_out: bool = False
    min_size: float = 8.0
    batch_size: int = 256
    largest_part: bool = False

    def __post_init__(self) -> None:
        check_range('classifier.context', self.context, 1)
        check_range('classifier.min_size', self.min_size, 1)
        check_range('classifier.batch_size', self.batch_size, 1, whole=True)

    def batches(self, images: Tensor, instances: Sequence[InstanceData],
                size: Tuple[int, int], fill: Tensor) -> Iterator[Tensor]:
        """Crop all regions, a batch of crops at a time.

        Args:
            images: RGB, (B, 3, H, W), in [0, 1].
            instances: per image, with ``bboxes``, ``masks`` and, in the metainfo if there is
                padding, ``img_shape``.
            size: height and width of a crop.
            fill: colour outside the mask, (3,), in [0, 1].

        Yields:
            (n, 3, *size) in [0, 1], n <= ``batch_size``, in the order of the instances.
        """
        boxes = torch.cat([
            self.boxes(found, images.shape[-2:]).to(images) for found in instances])
        owners = owner_images(instances, images.device)
        rois = torch.cat((owners[:, None].to(boxes), boxes), dim=1)
        masks = [mask for found in instances for mask in found.masks] if self.mask_out else []
        for start in range(0, len(rois), self.batch_size):
            chunk = rois[start:start + self.batch_size]
            crops = roi_align(images, chunk, size, sampling_ratio=-1, aligned=True)
            if self.mask_out:
                shapes = torch.stack(masks[start:start + self.batch_size])[:, None].to(images)
                own = torch.arange(len(chunk), device=images.device)[:, None].to(chunk)
                alpha = roi_align(shapes, torch.cat((own, chunk[:, 1:]), dim=1), size,
                                  sampling_ratio=-1, aligned=True)
                crops = torch.lerp(fill.to(crops).view(1, 3, 1, 1), crops, alpha)
            yield crops

    def boxes(self, instances: InstanceData, input_shape: Tuple[int, int]) -> Tensor:
        """Boxes to crop: grown by the context, inside the image, never smaller than min_size.

        Args:
            instances: with ``bboxes`` (n, 4), for ``largest_part`` also ``masks`` (n, H, W), and
                ``img_shape`` in the metainfo if the network input is padded: the padding holds
                nothing to see.
            input_shape: (H, W) of the network input.

        Returns:
            (n, 4), xyxy.
        """
        height, width = (instances.img_shape[:2] if 'img_shape' in instances else input_shape)
        boxes = instances.bboxes
        if self.largest_part:
            parts = largest_part_boxes(instances.masks).to(boxes)
            boxes = torch.where(parts.any(1, keepdim=True), parts, boxes)
        limits = boxes.new_tensor([width, height])
        low, high = boxes[:, :2], boxes[:, 2:]
        centres = ((low + high) / 2).clamp(min=0).minimum(limits)
        sides = (high - low) * self.context
        if self.square:
            sides = sides.amax(dim=1, keepdim=True).expand(-1, 2)
        low = (centres - sides / 2).clamp(min=0)
        high = (centres + sides / 2).minimum(limits)
        # What is too small after clipping is moved inside, not cut again.
        smallest = limits.clamp(max=self.min_size)
        moved = (centres - smallest / 2).clamp(min=0).minimum(limits - smallest)
        small = high - low < smallest
        low = torch.where(small, moved, low)
        return torch.cat((low, torch.where(small, moved + smallest, high)), dim=1)


def owner_images(instances: Sequence[InstanceData], device: torch.device) -> Tensor:
    """Index of the image of each region.

    Args:
        instances: per image.
        device: where to put the result.

    Returns:
        (N,) long.
    """
    counts: List[int] = [len(found) for found in instances]
    return torch.arange(len(counts), device=device).repeat_interleave(
        torch.tensor(counts, device=device), output_size=sum(counts))


def has_region(instances: Sequence[InstanceData]) -> Tensor:
    """Say which instances have a region to look at at all.

    Args:
        instances: per image, with ``bboxes``.

    Returns:
        bool (N,): False for the all-zero box of an empty mask.
    """
    boxes = torch.cat([found.bboxes for found in instances])
    return (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
