"""Masks of a trained model for the true boxes of images, before training (BoxTeacher, section 3).

Axes: N true boxes of one image, S cells per side of a mask's grid.
"""

from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import msgspec
import numpy as np
import torch
from mmdet.models.detectors import BaseDetector, CondInst
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.datasets import BoxLabeledCocoDataset
from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.models.condinst import CondInstCandidates
from mmssis.models.pseudo_labels import AssignToBoxes
from mmssis.utils.coco_file import read_coco

from .annotations import coco_box, replacing, write_list
from .detections import SoftDetections
from .image_source import ImageInfo, relative_name
from .mask_predictor import on_box_grids
from .predictor import predicting_branch
from .record import Record
from .shards import IMAGE_FIELDS, Folder, ImageId, read_records
from .soft_masks import binary_rle
from .tta_views import View, group_views, to_view, view_batches

PIXEL_THR = 0.5


class TrueBoxes(NamedTuple):
    """Images and their true boxes.

    Attributes:
        infos: the images, as from :func:`~mmssis.offline.image_source.list_images`.
        boxes: image id -> boxes (N, 4), xyxy in pixels of the image, and labels (N,) long.
        categories: the file's entries of the classes.
    """

    infos: List[ImageInfo]
    boxes: Dict[ImageId, Tuple[Tensor, Tensor]]
    categories: List[dict]


def read_true_boxes(ann_file: Union[str, Path], image_root: Optional[Union[str, Path]],
                    classes: Sequence[str]) -> TrueBoxes:
    """Read the boxes that training learns from; masks in the file are not read.

    Crowd regions are left out, and what mmdet leaves out: boxes of less than a pixel or outside
    the image.

    Args:
        ann_file: COCO JSON.
        image_root: folder that file names are relative to; None is that of the file.
        classes: class names of the model, in its order.

    Returns:
        The images in the order of their ids, also those without boxes.

    Raises:
        ValueError: the file cannot be read or has other classes, or an image lies outside of
            ``image_root``.
    """
    if problems := validate_coco_json(str(ann_file), classes):
        raise ValueError('\n'.join(problems))
    root = Path(image_root or Path(ann_file).parent)
    dataset = BoxLabeledCocoDataset(
        ann_file=str(ann_file), data_prefix=dict(img=str(root)), metainfo=dict(classes=classes))
    images = [dataset.get_data_info(i) for i in range(len(dataset))]
    categories = [msgspec.to_builtins(category) for category in read_coco(str(ann_file)).categories
                  if category.name in set(classes)]
    return TrueBoxes(
        [dict(id=image['img_id'], path=image['img_path'],
              file_name=relative_name(image['img_path'], root)) for image in images],
        {image['img_id']: _boxes_of(image['instances']) for image in images}, categories)


def _boxes_of(instances: Sequence[dict]) -> Tuple[Tensor, Tensor]:
    """Boxes and labels of the instances of an image that are no crowd."""
    learned = [instance for instance in instances if not instance['ignore_flag']]
    return (torch.tensor([instance['bbox'] for instance in learned]).reshape(-1, 4).float(),
            torch.tensor([instance['bbox_label'] for instance in learned], dtype=torch.long))


class BoxMaskPredictor:
    """One mask of a CondInst for each true box of an image, or none (BoxTeacher, Alg. 1).

    Predictions choose in the order of their class score, and what lies beyond the true box is cut.

    Args:
        model: a CondInst, or a semi-supervised model around two, on its device.
        view: how the image is seen, without flip.
        score_thr: least class probability times centerness, the paper's 0.05, in [0, 1].
        max_per_image: predictions to choose among, at least 1.

    Raises:
        TypeError: if the model is no CondInst.
        ValueError: if a setting is out of its range.
    """

    def __init__(self, model: BaseDetector, view: View, score_thr: float = 0.05,
                 max_per_image: int = 100) -> None:
        self.detector, self.data_preprocessor = predicting_branch(model)
        if not isinstance(self.detector, CondInst):
            raise TypeError(f'--boxes needs a CondInst, whose boxes and masks belong together, got '
                            f'a {type(self.detector).__name__}: give a config of box_teacher')
        self.groups = group_views([view])
        self.candidates = CondInstCandidates(score_thr, max_per_image)
        self.assign = AssignToBoxes(score_thr=score_thr, sort_by='class', weigh_by='class')

    @torch.no_grad()
    def __call__(self, image: np.ndarray, true: Tuple[Tensor, Tensor]) -> SoftDetections:
        """Find the masks.

        Args:
            image: BGR, uint8, (H, W, 3).
            true: boxes (N, 4), xyxy in pixels of the image, and labels (N,).

        Returns:
            N detections in the order of the boxes, with the true boxes and labels; ``scores`` is
            the class score of the prediction, 0 with an empty mask for a box that got none.
        """
        self.detector.eval()
        (inputs, samples), = view_batches(image, self.groups, self.data_preprocessor)
        boxes, labels = (part.to(inputs.device) for part in true)
        found, = self.candidates(self.detector, inputs, samples)
        known = InstanceData(bboxes=to_view(boxes, samples[0].metainfo), labels=labels)
        given = self.assign.assign_masks(found, known)
        probs = on_box_grids(given.uncropped_logits, found.input_shape, known.bboxes).sigmoid()
        has_mask = given.mask_weights > 0
        return SoftDetections(boxes, given.mask_weights, labels, probs * has_mask[:, None, None])


def write_box_masks(folder: Folder, out_file: Union[str, Path], categories: Sequence[dict],
                    fingerprint: Dict[str, Any]) -> Tuple[int, int]:
    """Write every true box with its mask as a COCO file that a plain CondInst trains on.

    A box that got none stays, with an empty mask: it is learned as a box, and dice of an empty mask
    has no gradient.

    Args:
        folder: folder of the shards of :class:`BoxMaskPredictor`.
        out_file: COCO JSON to write; its folder is made.
        categories: of :func:`read_true_boxes`.
        fingerprint: what the masks were made from; kept in the file.

    Returns:
        Numbers of boxes and of masks that are not empty.

    Raises:
        OSError: if the disk is full; an earlier file stays as it is.
    """
    counts = [0, 0]
    with replacing(Path(out_file)) as file:
        file.write('{"images": ')
        write_list(file, ({name: record.image[name] for name in IMAGE_FIELDS}
                          for record in read_records(folder)))
        file.write(',\n"annotations": ')
        write_list(file, (annotation for record in read_records(folder)
                          for annotation in _annotations_of(record, categories, counts)))
        rest = msgspec.json.encode(dict(
            categories=list(categories), info=dict(provenance=dict(generation=fingerprint))))
        file.write(f',\n{rest.decode()[1:]}\n')
    return counts[0], counts[1]


def _annotations_of(record: Record, categories: Sequence[dict], counts: List[int]
                    ) -> Iterator[dict]:
    """Annotations of one image, numbered from 1; adds to the numbers of boxes and masks."""
    found, size = record.detections(), (record.image['height'], record.image['width'])
    for box, score, label, probs in zip(found.boxes, found.scores.tolist(), found.labels.tolist(),
                                        found.mask_probs):
        mask, area = binary_rle(probs, box, size, PIXEL_THR)
        bbox = coco_box(box)
        counts[0] += 1
        counts[1] += area > 0
        # mmdet leaves out what has no area.
        yield dict(id=counts[0], image_id=record.image['id'], category_id=categories[label]['id'],
                   bbox=bbox, segmentation=mask, area=area or bbox[2] * bbox[3], iscrowd=0,
                   score=score)
