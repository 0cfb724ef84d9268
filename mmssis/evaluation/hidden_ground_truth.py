"""Ground truth of unlabeled images, read for statistics only."""

from collections import defaultdict
from pathlib import PurePath
from typing import Dict, List, Optional, Sequence, Tuple, Union

import msgspec
import numpy as np
import torch
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask
from torch import Tensor

from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.ops import affine_masks
from mmssis.utils.coco_file import CocoAnnotation, CocoImage, CocoRle, Id, read_coco, to_rle

from .error_types import superclasses_of


class HiddenGroundTruth:
    """Annotations of unlabeled images, moved into the view that the teacher saw.

    Args:
        ann_file: COCO JSON with the annotations of (at least some of) the unlabeled images.
        classes: the detector's class names; annotations of other categories are left out.

    Raises:
        ValueError: if the file is no COCO instance file, has faults or no annotation, or shares no
            category with ``classes``.
    """

    def __init__(self, ann_file: str, classes: Sequence[str]) -> None:
        problems = validate_coco_json(ann_file)
        if problems:
            raise ValueError('hidden_ann_file ' + '\n'.join(problems))
        coco = read_coco(ann_file)
        if not coco.num_annotations:
            raise ValueError(
                f'hidden_ann_file {ann_file} has no annotations; give the COCO JSON that holds the '
                'annotations of the unlabeled images')
        self.labels_of = {category.id: classes.index(category.name)
                          for category in coco.categories if category.name in classes}
        if not self.labels_of:
            names = [category.name for category in coco.categories]
            raise ValueError(
                f'hidden_ann_file {ann_file} has the categories {names}, none of which is one of '
                f'the classes {tuple(classes)}')
        self.superclasses: Optional[Tensor] = superclasses_of(
            msgspec.to_builtins(coco.categories), classes)
        self._images = {PurePath(image.file_name).as_posix(): image for image in coco.images}
        self._annotations: Dict[Id, List[CocoAnnotation]] = defaultdict(list)
        for annotation in coco.annotations():
            if annotation.category_id in self.labels_of and annotation.segmentation:
                self._annotations[annotation.image_id].append(annotation)

    def find_image(self, img_path: str) -> Optional[CocoImage]:
        """The COCO image whose ``file_name`` is the longest end of ``img_path``, or None."""
        parts = PurePath(img_path).parts
        for start in range(len(parts)):
            image = self._images.get(PurePath(*parts[start:]).as_posix())
            if image is not None:
                return image
        return None

    def in_view(self, meta: dict, view_shape: Tuple[int, int], stride: int,
                device: torch.device) -> Optional[Tuple[InstanceData, Tensor]]:
        """The image's ground truth on the stride grid of the teacher's view.

        Args:
            meta: metainfo of the view: ``img_path`` and, where the view was resized, cropped
                or flipped, ``homography_matrix`` (original to view, edge coordinates).
            view_shape: (H, W) of the padded view.
            stride: distance of the grid's points in pixels of the view.
            device: device of the result.

        Returns:
            ``labels`` (G,) and ``masks`` (G, H / stride, W / stride) bool of the instances that
            are in the view, and the masks of crowd regions (C, h, w); None for an image that
            the file does not have.
        """
        image = self.find_image(meta['img_path'])
        if image is None:
            return None
        annotations = self._annotations[image.id]
        grid = tuple(-(-size // stride) for size in view_shape)
        masks = np.zeros((len(annotations), image.height, image.width), np.uint8)
        for mask, annotation in zip(masks, annotations):
            mask[:] = rasterise(annotation.segmentation, image.height, image.width)
        to_view = np.asarray(meta.get('homography_matrix', np.eye(3)), np.float64)
        to_grid = torch.from_numpy(np.diag([1 / stride, 1 / stride, 1]) @ to_view)
        moved = affine_masks(
            torch.from_numpy(masks).to(device).float(), to_grid.float().to(device), grid) > 0.5
        crowd = torch.tensor(
            [bool(item.iscrowd) for item in annotations], dtype=torch.bool, device=device)
        kept = ~crowd & moved.flatten(1).any(1)
        labels = torch.tensor(
            [self.labels_of[item.category_id] for item in annotations],
            dtype=torch.long, device=device)
        return InstanceData(labels=labels[kept], masks=moved[kept]), moved[crowd]


def rasterise(segmentation: Union[List[List[float]], CocoRle], height: int,
              width: int) -> np.ndarray:
    """Binary mask of a COCO segmentation: polygons, RLE or uncompressed RLE.

    Args:
        segmentation: ``segmentation`` of a COCO annotation.
        height: rows of the image.
        width: columns of the image.

    Returns:
        (height, width), uint8, 0 or 1.
    """
    rle = to_rle(segmentation, height, width)
    return np.zeros((height, width), np.uint8) if rle is None else coco_mask.decode(rle)
