"""What the labeled images look like, for pseudo labels to be matched to.

Axes: K classes of the model, in its order.
"""

from dataclasses import dataclass
from typing import Dict, Iterator, Optional, Sequence

import msgspec
import torch
from pycocotools import mask as coco_mask
from torch import Tensor

from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.utils.coco_file import CocoAnnotation, CocoFile, CocoImage, read_coco, to_rle


@dataclass(frozen=True, eq=False)
class LabelStatistics:
    """Counts of a labeled COCO file.

    Args:
        classes: names of the K classes.
        categories: the file's entries of them, in the same order.
        num_images: number of labeled images, those without an instance included; >= 1.
        counts: number of instances of each class, (K,) long.
        foreground_fraction: pixels of all masks over pixels of all boxes, in [0, 1].
    """

    classes: tuple[str, ...]
    categories: tuple[dict, ...]
    num_images: int
    counts: Tensor
    foreground_fraction: float

    @property
    def instances_per_image(self) -> Tensor:
        """Mean number of instances of each class in an image, (K,) float64."""
        return self.counts.double() / self.num_images

    @property
    def classes_without_instance(self) -> list[str]:
        """Names of the classes that no labeled image shows; matched thresholds keep none."""
        return [name for name, count in zip(self.classes, self.counts.tolist()) if count == 0]


def read_label_statistics(ann_file: str, classes: Sequence[str]) -> LabelStatistics:
    """Count the instances that training learns from.

    Crowd regions do not count (the released code of Noisy Boundaries counts them), nor does what
    mmdet leaves out: boxes of less than a pixel or outside the image, and instances without mask.

    Args:
        ann_file: COCO JSON of the labeled images, with polygons or RLE.
        classes: class names of the model, in its order.

    Returns:
        The statistics.

    Raises:
        ValueError: the file cannot be read, has other classes, no image, or no instance.
    """
    problems = validate_coco_json(ann_file, classes)
    if problems:
        raise ValueError('\n'.join(problems))
    coco = read_coco(ann_file)
    categories = [category for category in coco.categories if category.name in set(classes)]
    labels_of = {category.id: label for label, category in enumerate(categories)}
    counts = torch.zeros(len(classes), dtype=torch.long)
    mask_area = box_area = 0.0
    for annotation, mask, box in _instances(coco, labels_of):
        counts[labels_of[annotation.category_id]] += 1
        mask_area += mask
        box_area += box
    if not counts.any():
        raise ValueError(f'{ann_file}: none of its {len(coco.images)} images has an instance with '
                         'a mask. Give the file of the labeled images.')
    return LabelStatistics(
        tuple(classes), tuple(map(msgspec.to_builtins, categories)), len(coco.images), counts,
        min(mask_area / box_area, 1.0))


def _instances(coco: CocoFile, labels_of: Dict[int, int]
               ) -> Iterator[tuple[CocoAnnotation, float, float]]:
    """Each annotation that is learned from, the area of its mask and of its box."""
    images = {image.id: image for image in coco.images}
    for annotation in coco.annotations():
        if annotation.category_id not in labels_of or _is_ignored(annotation):
            continue
        image = images[annotation.image_id]
        mask_area, box_area = _mask_area(annotation, image), _box_area(annotation.bbox, image)
        if mask_area is not None and box_area > 0:
            yield annotation, mask_area, box_area


def _is_ignored(annotation: CocoAnnotation) -> bool:
    """Whether mmdet does not learn from an annotation, whatever its image."""
    _, _, width, height = annotation.bbox
    has_no_area = annotation.area is not None and annotation.area <= 0
    return bool(annotation.iscrowd or annotation.ignore or has_no_area
                or width < 1 or height < 1)


def _mask_area(annotation: CocoAnnotation, image: CocoImage) -> Optional[float]:
    """Pixels of a mask; None where there is none."""
    mask = to_rle(annotation.segmentation, image.height, image.width)
    return None if mask is None else float(coco_mask.area(mask))


def _box_area(bbox: Sequence[float], image: CocoImage) -> float:
    """Area of the part of a box that lies inside the image."""
    x, y, width, height = bbox
    inside_x = min(x + width, image.width) - max(x, 0)
    inside_y = min(y + height, image.height) - max(y, 0)
    return max(inside_x, 0) * max(inside_y, 0)
