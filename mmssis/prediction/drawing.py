"""Draw instances on an image; captions are placed where they hide least."""

from typing import List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np
import supervision as sv
from mmengine.structures import InstanceData

FONT = cv2.FONT_HERSHEY_SIMPLEX
PADDING = 3
# A caption that would hide more than this share of the objects below it is left out.
MAX_HIDDEN = 0.25
Colour = Tuple[int, int, int]


class Place(NamedTuple):
    """A rectangle for a caption, in whole pixels; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int


class Drawer:
    """Draws masks, outlines, class names and scores.

    Args:
        classes: names of the K classes.
        colours: K RGB colours.
    """

    def __init__(self, classes: Sequence[str], colours: Sequence[Colour]) -> None:
        self._classes = classes
        self._palette = sv.ColorPalette([sv.Color(*colour) for colour in colours])

    def __call__(self, image: np.ndarray, found: InstanceData) -> np.ndarray:
        """Draw the instances of an image.

        Args:
            image: BGR uint8 (H, W, 3); not changed.
            found: from :class:`~mmssis.prediction.Detector`.

        Returns:
            A picture of the same size.
        """
        picture = np.ascontiguousarray(image).copy()
        if not len(found):
            return picture
        shown = sv.Detections(xyxy=found.bboxes.numpy(), mask=found.masks.numpy(),
                              confidence=found.scores.numpy(), class_id=found.labels.numpy())
        size = image.shape[1::-1]
        thickness = 1 if max(size) < 640 else sv.calculate_optimal_line_thickness(size)
        picture = sv.MaskAnnotator(self._palette, opacity=0.4).annotate(picture, shown)
        picture = sv.PolygonAnnotator(self._palette, thickness).annotate(picture, shown)
        return self._write_captions(picture, shown)

    def _write_captions(self, picture: np.ndarray, shown: sv.Detections) -> np.ndarray:
        """Write class and score of each instance that has a place for it."""
        scale = max(0.4, 0.7 * sv.calculate_optimal_text_scale(picture.shape[1::-1]))
        texts = [self._caption(label, score)
                 for label, score in zip(shown.class_id, shown.confidence)]
        sizes = [_size_of(text, scale) for text in texts]
        for i, place in enumerate(find_places(shown.mask, sizes)):
            if place is not None:
                colour = self._palette.by_idx(int(shown.class_id[i]))
                _write(picture, texts[i], place, scale, colour.as_bgr())
        return picture

    def _caption(self, label: int, score: float) -> str:
        """Class and score; the score alone where there is one class."""
        return f'{score:.2f}' if len(self._classes) == 1 else f'{self._classes[label]} {score:.2f}'


def find_places(masks: np.ndarray, sizes: Sequence[Tuple[int, int]]) -> List[Optional[Place]]:
    """Places of captions, in the order of the instances.

    A caption hides, of each object, a share of its pixels. Of the places around its object and in
    its corners it gets the one with the least sum of shares that covers no earlier caption.

    Args:
        masks: bool (N, H, W).
        sizes: width and height of each caption in pixels.

    Returns:
        A place in the image, or None where none is good enough.
    """
    height, width = masks.shape[1:]
    shares = np.zeros((height, width), np.float64)
    for mask in masks:
        shares[mask] += 1 / mask.sum()
    hidden = cv2.integral(shares)
    taken = np.zeros((height, width), bool)
    places: List[Optional[Place]] = []
    for mask, size in zip(masks, sizes):
        free = [place for place in _candidates(mask, size, (width, height))
                if not taken[place.top:place.bottom, place.left:place.right].any()]
        costs = [_sum_in(hidden, place) for place in free]
        best = int(np.argmin(costs)) if free else -1
        places.append(free[best] if free and costs[best] <= MAX_HIDDEN else None)
        if places[-1] is not None:
            taken[places[-1].top:places[-1].bottom, places[-1].left:places[-1].right] = True
    return places


def _candidates(mask: np.ndarray, size: Tuple[int, int], frame: Tuple[int, int]) -> List[Place]:
    """Places around an object and in its corners, moved into the image; the usual one first."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    left, right, top, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    width, height = size
    corners = [(x, y) for y in (top - height, bottom, top, bottom - height)
               for x in (left, right - width, (left + right - width) // 2)]
    corners += [(x, y) for x in (left - width, right)
                for y in (top, bottom - height, (top + bottom - height) // 2)]
    places = []
    for x, y in corners:
        x, y = max(0, min(int(x), frame[0] - width)), max(0, min(int(y), frame[1] - height))
        places.append(Place(x, y, min(x + width, frame[0]), min(y + height, frame[1])))
    return places


def _sum_in(integral: np.ndarray, place: Place) -> float:
    """Sum over a rectangle."""
    return float(integral[place.bottom, place.right] - integral[place.top, place.right]
                 - integral[place.bottom, place.left] + integral[place.top, place.left])


def _size_of(text: str, scale: float) -> Tuple[int, int]:
    """Width and height of a caption."""
    (width, height), baseline = cv2.getTextSize(text, FONT, scale, _weight(scale))
    return width + 2 * PADDING, height + baseline + PADDING


def _write(picture: np.ndarray, text: str, place: Place, scale: float, colour: Colour) -> None:
    """Write a caption on a box of a colour, in black or white, whichever can be read."""
    blue, green, red = colour
    ink = (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else (255, 255, 255)
    baseline = cv2.getTextSize(text, FONT, scale, _weight(scale))[1]
    cv2.rectangle(picture, place[:2], (place.right - 1, place.bottom - 1), colour, cv2.FILLED)
    cv2.putText(picture, text, (place.left + PADDING, place.bottom - baseline), FONT, scale, ink,
                _weight(scale), cv2.LINE_AA)


def _weight(scale: float) -> int:
    """Thickness of the strokes."""
    return max(1, round(1.5 * scale))
