"""Objects of BDD100K's bitmasks and Scalabel labels as COCO annotations."""

from typing import List, Optional, Sequence, Tuple

import numpy as np
from pycocotools import mask as coco_mask

CLASSES = ('pedestrian', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle')
OTHER_NAMES = {'person': 'pedestrian', 'bike': 'bicycle', 'motor': 'motorcycle', 'van': 'car',
               'caravan': 'car'}
NOT_JUDGED = {'other person': 'pedestrian', 'other vehicle': 'car', 'trailer': 'truck'}
"""Categories that the benchmark leaves out, and the class whose crowd they become."""
CURVE_POINTS = 16

Size = Tuple[int, int]


def instances_of_bitmask(pixels: np.ndarray) -> List[dict]:
    """Annotations of the objects of a bitmask.

    Args:
        pixels (ndarray): (H, W, 4) uint8: category id, 0 for background; attributes, the two
            lowest bits are crowd (2) and ignored (1); high and low byte of the instance id.

    Returns:
        list[dict]: COCO annotations without ``id`` and ``image_id``; masks are RLE.

    Raises:
        ValueError: If a category id is none of the 8.
    """
    codes = pixels.astype(np.uint32) @ np.array([1 << 24, 1 << 16, 1 << 8, 1], np.uint32)
    annotations = []
    for code in np.unique(codes).tolist():
        category, attributes = code >> 24, code >> 16 & 255
        if category > len(CLASSES):
            raise ValueError(f'category id {category}: instance segmentation has 1 to '
                             f'{len(CLASSES)}; are these panoptic bitmasks?')
        if category > 0:
            rle = coco_mask.encode(np.asfortranarray(codes == code, dtype=np.uint8))
            annotations.append(_annotation(rle, category, attributes & 3 > 0))
    return annotations


def instances_of_labels(labels: Sequence[dict], size: Size) -> List[dict]:
    """Annotations of the objects of a Scalabel frame.

    Args:
        labels (Sequence[dict]): Labels with ``category``, ``attributes`` (or None), and ``rle``
            or ``poly2d``. Without either, or with open lines alone, a label covers nothing.
        size (tuple[int, int]): Height and width of the image.

    Returns:
        list[dict]: As :func:`instances_of_bitmask`.

    Raises:
        ValueError: If a category is unknown, or an RLE has another size.
    """
    annotations = []
    for label in labels:
        name = OTHER_NAMES.get(label['category'], label['category'])
        judged = name not in NOT_JUDGED
        name = NOT_JUDGED.get(name, name)
        if name not in CLASSES:
            raise ValueError(f'category {name!r} is none of {CLASSES}')
        rle = _label_rle(label, size)
        if rle is not None and coco_mask.area(rle) > 0:
            attributes = label.get('attributes') or {}
            crowd = attributes.get('crowd', False) or attributes.get('ignored', False)
            annotations.append(_annotation(rle, CLASSES.index(name) + 1, crowd or not judged))
    return annotations


def polygon_points(vertices: Sequence[Sequence[float]], types: str) -> List[float]:
    """Outline of a closed ``poly2d``.

    Args:
        vertices (Sequence): Points (x, y).
        types (str): A letter per point: L is a vertex; two C in a row are the control points of
            a cubic Bezier curve between the vertices around them.

    Returns:
        list[float]: x, y, x, y, ...; a curve becomes 16 segments.
    """
    points = np.asarray(vertices, float)
    outline, place = [], 0
    while place < len(points):
        if types[place] == 'L':
            outline.append(points[place])
            place += 1
            continue
        curve = points[np.arange(place - 1, place + 3) % len(points)]
        outline += [_bezier(curve, step / CURVE_POINTS) for step in range(1, CURVE_POINTS)]
        place += 2
    return np.concatenate(outline).tolist()


def _bezier(curve: np.ndarray, position: float) -> np.ndarray:
    """Point of a cubic Bezier curve with 4 control points (4, 2)."""
    rest = 1 - position
    return np.array([rest**3, 3 * rest**2 * position, 3 * rest * position**2, position**3]) @ curve


def _label_rle(label: dict, size: Size) -> Optional[dict]:
    """The mask of a Scalabel label, None where it covers nothing."""
    if label.get('rle'):
        rle = dict(size=list(label['rle']['size']), counts=label['rle']['counts'])
        if tuple(rle['size']) != size:
            raise ValueError(f'an RLE has the size {rle["size"]}, its image {list(size)}')
        return rle
    outlines = [polygon_points(part['vertices'], part['types'])
                for part in label.get('poly2d') or [] if part['closed']]
    outlines = [outline for outline in outlines if len(outline) >= 6]
    return coco_mask.merge(coco_mask.frPyObjects(outlines, *size)) if outlines else None


def _annotation(rle: dict, category_id: int, iscrowd: bool) -> dict:
    """A COCO annotation without ids."""
    counts = rle['counts']
    return dict(
        category_id=category_id,
        iscrowd=int(iscrowd),
        area=int(coco_mask.area(rle)),
        bbox=coco_mask.toBbox(rle).tolist(),
        segmentation=dict(size=list(rle['size']),
                          counts=counts if isinstance(counts, str) else counts.decode()))
