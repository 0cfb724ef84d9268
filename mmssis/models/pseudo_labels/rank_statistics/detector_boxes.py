"""Boxes that an independent detector found, read from a COCO results file.

Axes: M boxes of one image.
"""

from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
from mmengine.fileio import load

from mmssis.utils.coco_file import CocoCategory, CocoFile, read_coco

HOW_TO_MAKE = (
    'Train a detector, for example a Faster R-CNN of mmdet, on the labeled images alone, and run '
    'it on the unlabeled ones: mmssis test CONFIG CHECKPOINT --cfg-options '
    'test_dataloader.dataset.data_root=ROOT test_dataloader.dataset.ann_file=ANN_FILE '
    'test_dataloader.dataset.data_prefix.img=IMAGES test_evaluator.ann_file=ROOT/ANN_FILE '
    'test_evaluator.format_only=True test_evaluator.outfile_prefix=PREFIX writes '
    'PREFIX.bbox.json; ANN_FILE and the folder IMAGES are given as they stand below the folder '
    'ROOT')


class ImageBoxes(NamedTuple):
    """Boxes of one image.

    Attributes:
        boxes: (M, 4) float32, xyxy in pixels of the original image.
        scores: (M,) float32.
        labels: (M,) int64, in the order of the data set's classes.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


class DetectorBoxes:
    """Boxes of all images, as a few arrays sorted by image.

    COCO results have no entry for an image without boxes. Which images the detector has seen is
    therefore taken from the annotation file that it was tested with: of those, an image without
    results has no boxes; any other image is unknown.

    Args:
        boxes_file: COCO results: a JSON list of ``image_id``, ``category_id``, ``bbox`` (xywh) and
            ``score``.
        ann_file: COCO JSON with the ``images`` the detector was run on and its ``categories``.
        classes: class names of the data set, in label order; boxes of others are left out.
        score_thr: boxes with a lower score are left out.

    Raises:
        RuntimeError: if a file is missing or is not of this kind, or if they do not belong
            together; the message says how to make them.
    """

    def __init__(self, boxes_file: str, ann_file: str, classes: Tuple[str, ...],
                 score_thr: float) -> None:
        coco = _read_images(ann_file)
        results = _read_results(boxes_file)
        self.ann_file = ann_file
        self._known = np.unique([image.id for image in coco.images])
        labels_of = _labels_of(coco.categories, classes, ann_file)
        rows = _rows(results, boxes_file, labels_of, score_thr)
        if len(unknown := np.setdiff1d(rows[:, 0], self._known)):
            raise RuntimeError(f'{boxes_file} has boxes of image {int(unknown[0])}, which is not '
                               f'in {ann_file}: give the ann_file that the detector was tested on')
        rows = rows[np.argsort(rows[:, 0], kind='stable')]
        self._image_ids = rows[:, 0].astype(np.int64)
        self._labels = rows[:, 1].astype(np.int16)
        self._scores = rows[:, 2].astype(np.float32)
        self._boxes = rows[:, 3:].astype(np.float32)
        self._boxes[:, 2:] += self._boxes[:, :2]

    def __len__(self) -> int:
        """Number of boxes."""
        return len(self._boxes)

    def of_image(self, img_id: int) -> ImageBoxes:
        """Boxes of an image.

        Args:
            img_id: its id in the annotation file.

        Raises:
            RuntimeError: if the detector was not run on the image.
        """
        place = np.searchsorted(self._known, img_id)
        if place == len(self._known) or self._known[place] != img_id:
            raise RuntimeError(f'image {img_id} is not in {self.ann_file}, which the detector was '
                               f'run on: run it on all unlabeled images. {HOW_TO_MAKE}')
        start, end = np.searchsorted(self._image_ids, [img_id, img_id + 1])
        part = slice(start, end)
        return ImageBoxes(self._boxes[part], self._scores[part],
                          self._labels[part].astype(np.int64))


def _read_images(path: str) -> CocoFile:
    """The annotation file."""
    _refuse_missing(path, 'ann_file')
    try:
        return read_coco(path)
    except ValueError as error:
        raise RuntimeError('ann_file of DetectorAgreement in model.pseudo_label_hooks does not '
                           f'hold images and categories: {error} {HOW_TO_MAKE}') from error


def _read_results(path: str) -> List[dict]:
    """The COCO results."""
    _refuse_missing(path, 'boxes_file')
    try:
        content = load(path, file_format='json')
    except ValueError:
        content = None
    if not isinstance(content, list):
        raise RuntimeError(f'boxes_file = {path!r} of DetectorAgreement in '
                           'model.pseudo_label_hooks does not hold a list of COCO results. '
                           f'{HOW_TO_MAKE}')
    return content


def _refuse_missing(path: str, setting: str) -> None:
    """Refuse a file that is not there."""
    if not Path(path).is_file():
        raise RuntimeError(f'{setting} = {path!r} of DetectorAgreement in '
                           f'model.pseudo_label_hooks is not there. {HOW_TO_MAKE}')


def _labels_of(categories: List[CocoCategory], classes: Tuple[str, ...],
               path: str) -> Dict[int, int]:
    """Label of each category id, by name."""
    labels = {category.id: classes.index(category.name)
              for category in categories if category.name in classes}
    if len(labels) < len(classes):
        missing = sorted(set(classes) - {category.name for category in categories})
        raise RuntimeError(f'ann_file = {path!r} of DetectorAgreement has no category {missing}: '
                           'give a file with all classes of the data')
    return labels


def _rows(results: List[dict], path: str, labels_of: Dict[int, int],
          score_thr: float) -> np.ndarray:
    """Rows of image, label, score, x, y, w, h, float64, of the boxes that count."""
    try:
        rows = [(result['image_id'], labels_of[result['category_id']], result['score'],
                 *result['bbox']) for result in results
                if result['score'] >= score_thr and result['category_id'] in labels_of]
    except (KeyError, TypeError) as error:
        raise RuntimeError(f'boxes_file = {path!r} of DetectorAgreement: a result lacks {error}. '
                           f'{HOW_TO_MAKE}') from error
    if not rows:
        raise RuntimeError(f'boxes_file = {path!r} of DetectorAgreement has no box with a score '
                           f'of at least {score_thr}, of {len(results)}: lower score_thr, or train '
                           'the detector longer')
    return np.array(rows, dtype=np.float64).reshape(-1, 7)
