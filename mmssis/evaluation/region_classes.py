"""How well a region classifier knows the classes of true masks (PL-DC, Table II)."""

from typing import Any, Dict, Sequence

import numpy as np
import open_clip
import torch
from mmengine.structures import InstanceData
from PIL import Image
from torch import Tensor

from mmssis.models.clip import ClipRegionClassifier, RegionClassifier
from mmssis.structures import boxes_of_masks

from .confusion import count_pairs, precision_recall


class RegionScores:
    """Confusion of a region classifier over the true masks of many images.

    Args:
        classes: K names.
        covers: bool (K,), False for classes that the classifier cannot know. Their regions are
            left out.

    Attributes:
        confusion: (K + 1, K + 1) long, true classes in rows; the last column is no opinion.
        left_out: number of regions of classes that are not covered.
        images: number of images.
    """

    def __init__(self, classes: Sequence[str], covers: Tensor) -> None:
        self.classes = tuple(classes)
        self.covers = covers.cpu()
        self.confusion = torch.zeros(len(classes) + 1, len(classes) + 1, dtype=torch.long)
        self.left_out = self.images = 0

    def add(self, truth: Tensor, probs: Tensor) -> None:
        """Add the regions of an image.

        Args:
            truth: true classes, (N,) long.
            probs: what the classifier says, (N, K); a uniform row is no opinion.
        """
        known = self.covers[truth]
        self.images += 1
        self.left_out += int((~known).sum())
        self.confusion += count_pairs(truth[known], named(probs)[known], len(self.classes))

    def summary(self) -> Dict[str, Any]:
        """All numbers, in types of JSON; None for a ratio without denominator.

        ``precision`` and ``recall`` are of each class, ``mean_precision`` and ``mean_recall`` the
        means over the classes that have one.
        """
        precision, recall = precision_recall(self.confusion)
        return dict(
            images=self.images, regions=int(self.confusion.sum()), left_out=self.left_out,
            mean_precision=_plain(precision.nanmean()), mean_recall=_plain(recall.nanmean()),
            accuracy=_plain(self.confusion.diagonal().sum() / self.confusion.sum()),
            classes=[*self.classes, 'no opinion'],
            precision=[_plain(value) for value in precision],
            recall=[_plain(value) for value in recall], confusion=self.confusion.tolist())


def named(probs: Tensor) -> Tensor:
    """The most likely class of each region, (N,) long; K where all are equally likely.

    Args:
        probs: (N, K).
    """
    labels = probs.argmax(1)
    return labels.where(probs.amax(1) > probs.amin(1), torch.full_like(labels, probs.shape[1]))


def region_of(truth: InstanceData, image: np.ndarray) -> InstanceData:
    """Boxes and masks of the true instances of an image, as a classifier reads them.

    Args:
        truth: with ``masks`` (N, H, W).
        image: (H, W, 3).
    """
    return InstanceData(metainfo=dict(img_shape=image.shape[:2]), masks=truth.masks,
                        bboxes=boxes_of_masks(truth.masks))


def class_probs(classifier: RegionClassifier, image: np.ndarray, region: InstanceData) -> Tensor:
    """What a classifier says about the regions of an image.

    Args:
        classifier: prepared.
        image: (H, W, 3) RGB, uint8.
        region: of :func:`region_of`, on the device of the classifier.

    Returns:
        (N, K) float32, on the CPU.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(image)).to(region.bboxes.device)
    return classifier(pixels.permute(2, 0, 1)[None].float() / 255, [region])[0].cpu()


@torch.no_grad()
def package_class_probs(classifier: ClipRegionClassifier, image: np.ndarray,
                        region: InstanceData) -> Tensor:
    """The same by open_clip's own preprocessing: each box cut out and resized by PIL, bicubic.

    It tells the crops of :class:`RegionCropper`, which a GPU makes at once, from what CLIP was
    trained with.

    Args:
        classifier: prepared, with ``mode='crop'``, ``mask_out=False`` and ``normalize=True``.
        image: (H, W, 3) RGB, uint8.
        region: of :func:`region_of`.

    Returns:
        (N, K) float32, on the CPU.

    Raises:
        ValueError: if the classifier has other settings, or is none of open_clip.
    """
    if not isinstance(classifier, ClipRegionClassifier) or (
            classifier.mode, classifier.cropper.mask_out, classifier.normalize) != (
                'crop', False, True):
        raise ValueError('open_clip has a preprocessing only for the crops of ClipRegionClassifier '
                         "with mode='crop', mask_out=False and normalize=True")
    network = classifier.network_on(region.bboxes.device)
    transform = open_clip.image_transform(
        classifier.size, is_train=False, resize_mode='squash',
        **{name: classifier.constants[name].tolist() for name in ('mean', 'std')})
    picture = Image.fromarray(image)
    boxes = classifier.cropper.boxes(region, image.shape[:2]).round().int().tolist()
    if not boxes:
        return torch.zeros(0, len(classifier.classes))
    crops = torch.stack([transform(picture.crop(box)) for box in boxes])
    features = network(crops.to(region.bboxes.device))
    return classifier.class_probs(features).float().cpu()


def _plain(value: Tensor) -> Any:
    """A number as JSON has it: NaN is None."""
    return None if value.isnan() else float(value)
