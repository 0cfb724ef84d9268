"""What the labeled images look like, for pseudo labels to be matched to.

Axes: K classes of the model, in its order.
"""

from dataclasses import dataclass
from typing import Iterator, Optional, Sequence

import torch
from pycocotools import mask as coco_mask
from torch import Tensor

from mmssis.datasets.checks.coco_validation import category_problems, load_coco_json


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
    content = load_coco_json(ann_file)
    for problem in category_problems(content, classes):
        raise ValueError(f'{ann_file}: {problem}')
    categories = [c for c in content['categories'] if c['name'] in set(classes)]
    labels_of = {category['id']: label for label, category in enumerate(categories)}
    counts = torch.zeros(len(classes), dtype=torch.long)
    mask_area = box_area = 0.0
    for annotation, mask, box in _instances(content, labels_of):
        counts[labels_of[annotation['category_id']]] += 1
        mask_area += mask
        box_area += box
    if not counts.any():
        raise ValueError(f'{ann_file}: none of its {len(content["images"])} images has an instance '
                         'with a mask. Give the file of the labeled images.')
    return LabelStatistics(tuple(classes), tuple(categories), len(content['images']), counts,
                           min(mask_area / box_area, 1.0))


def _instances(content: dict, labels_of: dict) -> Iterator[tuple[dict, float, float]]:
    """Each annotation that is learned from, the area of its mask and of its box."""
    images = {image['id']: image for image in content['images']}
    for annotation in content.get('annotations', []):
        image = images.get(annotation['image_id'])
        if image is None or annotation['category_id'] not in labels_of or _is_ignored(annotation):
            continue
        mask_area, box_area = _mask_area(annotation, image), _box_area(annotation['bbox'], image)
        if mask_area is not None and box_area > 0:
            yield annotation, mask_area, box_area


def _is_ignored(annotation: dict) -> bool:
    """Whether mmdet does not learn from an annotation, whatever its image."""
    _, _, width, height = annotation['bbox']
    return bool(annotation.get('iscrowd') or annotation.get('ignore') or annotation['area'] <= 0
                or width < 1 or height < 1)


def _mask_area(annotation: dict, image: dict) -> Optional[float]:
    """Pixels of a mask; None where there is none."""
    mask = annotation.get('segmentation')
    if isinstance(mask, list):
        # Fewer than 3 points are no polygon; pycocotools would take 2 of them for a box.
        mask = [polygon for polygon in mask if len(polygon) >= 6]
    if not mask:
        return None
    if isinstance(mask, list):
        mask = coco_mask.merge(coco_mask.frPyObjects(mask, image['height'], image['width']))
    elif isinstance(mask['counts'], list):
        mask = coco_mask.frPyObjects(mask, image['height'], image['width'])
    return float(coco_mask.area(mask))


def _box_area(bbox: Sequence[float], image: dict) -> float:
    """Area of the part of a box that lies inside the image."""
    x, y, width, height = bbox
    inside_x = min(x + width, image['width']) - max(x, 0)
    inside_y = min(y + height, image['height']) - max(y, 0)
    return max(inside_x, 0) * max(inside_y, 0)
