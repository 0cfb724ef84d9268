"""Whether the boxes of a COCO file belong to its masks."""

from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from pycocotools import mask as coco_mask

from mmssis.utils.coco_file import CocoAnnotation, CocoImage, CocoRle, to_rle

Box = Tuple[float, float, float, float]

SAMPLE = 400
# Another reading of the boxes is named where it fits this share of them, and better.
MANY = 0.2
# Boxes that do not fit their masks in any reading; those of hidden parts of objects are few.
MOST, AT_LEAST = 0.4, 2
FITS, FITS_WELL, MARGIN, PIXELS = 0.5, 0.75, 0.1, 2.0
READINGS: Dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    'corners [x1, y1, x2, y2]': lambda box, size: np.hstack([box[:, :2], box[:, 2:] - box[:, :2]]),
    'centres [x, y, width, height]': lambda box, size: _from_centre(box),
    '[y, x, height, width]': lambda box, size: box[:, [1, 0, 3, 2]],
    'corners [y1, x1, y2, x2]':
        lambda box, size: np.hstack([box[:, 1::-1], box[:, :1:-1] - box[:, 1::-1]]),
    'shares of the image size (0 to 1)': lambda box, size: box * size,
    'centres in shares of the image size (YOLO)': lambda box, size: _from_centre(box * size)}


class Pair(NamedTuple):
    """A box, the box around its mask, and the (width, height) of the image."""

    box: Box
    mask_box: Box
    size: Tuple[int, int]
    name: str


def make_pair(annotation: CocoAnnotation, image: CocoImage, name: str) -> Optional[Pair]:
    """The boxes of an annotation to compare; None for crowds and where there is no mask.

    Args:
        annotation: one whose numbers and mask were found right.
        image: its image.
        name: what to call it.
    """
    mask = annotation.segmentation
    if annotation.iscrowd or annotation.ignore or not mask:
        return None
    mask_box = _box_of_rle(mask) if isinstance(mask, CocoRle) else _box_of_polygons(mask)
    if mask_box is None:
        return None
    return Pair(annotation.bbox, mask_box, (image.width, image.height), name)


def judge_pairs(path: str, pairs: List[Pair]) -> Tuple[List[str], List[str]]:
    """Compare boxes with masks.

    Args:
        path: the annotation file, for the messages.
        pairs: a sample of its annotations.

    Returns:
        Problems and warnings in words, at most one together.
    """
    if not pairs:
        return [], []
    box, mask_box = (np.array([pair[i] for pair in pairs], np.float64) for i in range(2))
    size = np.array([pair.size * 2 for pair in pairs], np.float64)
    overlap = _overlap(box, mask_box)
    others = {name: _overlap(read(box, size), mask_box) for name, read in READINGS.items()}
    better = {name: np.mean((other >= FITS_WELL) & (other > overlap + MARGIN))
              for name, other in others.items()}
    name = max(better, key=better.__getitem__)
    if better[name] > MANY:
        return [f'{path}: its boxes look like {name}: so read, {_share(others[name])} of '
                f'{len(pairs)} fit their masks, as [x, y, width, height] {_share(overlap)}. COCO '
                'boxes are [x, y, width, height] in pixels, x and y of the left upper corner: '
                'convert them.'], []
    is_near = np.abs(_corners(_clip(box, size)) - _corners(_clip(mask_box, size))) <= PIXELS
    misfits = np.flatnonzero((overlap < FITS) & ~is_near.all(1))
    if not len(misfits):
        return [], []
    listed = ', '.join(pairs[i].name for i in misfits[:3])
    text = (f'{path}: in {len(misfits)} of {len(pairs)} annotations looked at, "bbox" and '
            f'"segmentation" do not belong together (overlap below {FITS}), for example {listed}.')
    if len(misfits) >= max(MOST * len(pairs), AT_LEAST):
        return [f'{text} Are the masks those of other images or objects, or of another size? '
                'Compute "bbox" from the masks, or correct these.'], []
    return [], [f'{text} Look at them.']


def _share(overlap: np.ndarray) -> str:
    """Share of boxes that fit, in words."""
    return f'{100 * np.mean(overlap >= FITS_WELL):.0f} %'


def _from_centre(box: np.ndarray) -> np.ndarray:
    """Boxes whose first two numbers are read as their centre."""
    return np.hstack([box[:, :2] - box[:, 2:] / 2, box[:, 2:]])


def _corners(box: np.ndarray) -> np.ndarray:
    """[x1, y1, x2, y2] of boxes."""
    return np.hstack([box[:, :2], box[:, :2] + box[:, 2:]])


def _clip(box: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The parts of boxes on their images."""
    corners = np.clip(_corners(box), 0, size)
    return np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])


def _overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """IoU of N pairs of boxes."""
    a, b = _corners(first), _corners(second)
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    shared = sides.clip(min=0).prod(1)
    areas = [box[:, 2:].clip(min=0).prod(1) for box in (first, second)]
    return shared / np.maximum(areas[0] + areas[1] - shared, 1e-9)


def _box_of_polygons(polygons: List[List[float]]) -> Optional[Box]:
    """The box around polygons of at least 3 points."""
    polygons = [polygon for polygon in polygons if len(polygon) >= 6]
    if not polygons:
        return None
    xs, ys = ([value for polygon in polygons for value in polygon[i::2]] for i in range(2))
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _box_of_rle(mask: CocoRle) -> Optional[Box]:
    """The box around an RLE mask; None for an empty one."""
    box = tuple(coco_mask.toBbox(to_rle(mask, *mask.size)).tolist())
    return box if box[2] and box[3] else None
