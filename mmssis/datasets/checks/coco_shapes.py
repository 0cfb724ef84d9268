"""What is wrong with the boxes, polygons and RLE masks of a COCO file."""

from typing import Iterator, List, Sequence

import numpy as np

from mmssis.utils.coco_file import CocoAnnotation, CocoBox, CocoImage, CocoRle

# Tools let outlines run over the border, and cut tiles keep those of the whole image. pycocotools
# needs memory and time by the length of an outline and ends the process where it overflows.
MAX_IMAGE_SIZES = 10
# No image of this side can be loaded; with it, all pixel numbers stay far from overflowing.
MAX_SIDE = 100_000
MAX_DIGITS = 7  # Of 5 bits each: more than the number of pixels of any image.
UNITS = 'shares of the image size (0 to 1)? COCO wants pixels.'


def box_problems(annotation: CocoBox, image: CocoImage) -> Iterator[str]:
    """Negative sizes, and numbers that are no pixels of the image.

    Args:
        annotation: one with a box.
        image: its image.

    Yields:
        Each problem, to be read after the name of the annotation.
    """
    box = annotation.bbox
    if box[2] < 0 or box[3] < 0:
        yield f'"bbox" {list(box)} has a negative size. COCO boxes are [x, y, width, height].'
    bound = MAX_IMAGE_SIZES * max(image.width, image.height)
    if max(box) > bound or min(box) < -bound:
        yield f'"bbox" {list(box)} lies far outside of the {_size(image)} image. Correct it.'


def polygon_problems(annotation: CocoAnnotation, image: CocoImage) -> Iterator[str]:
    """Polygons that are no outlines on the image.

    Polygons of fewer than 3 points are no fault by themselves: they are left out.

    Args:
        annotation: one whose mask is a list of polygons.
        image: its image.

    Yields:
        Each problem, to be read after the name of the annotation.
    """
    polygons = annotation.segmentation
    bound = MAX_IMAGE_SIZES * max(image.width, image.height)
    for polygon in polygons:
        if len(polygon) % 2:
            yield (f'a polygon has {len(polygon)} numbers: it is [x1, y1, x2, y2, ...], so their '
                   'number is even.')
        elif polygon and (max(polygon) > bound or min(polygon) < -bound):
            yield (f'a polygon reaches from {min(polygon):g} to {max(polygon):g}, far outside of '
                   f'the {_size(image)} image. Correct it.')
    polygons = [polygon for polygon in polygons if len(polygon) >= 6]
    x, y, width, height = annotation.bbox
    is_inside = (x < image.width and y < image.height and x + width > 0 and y + height > 0
                 and width >= 1 and height >= 1)
    if not polygons or not is_inside:
        return
    if max(max(polygon) for polygon in polygons) <= 1 and min(width, height) > 2:
        yield f'its polygons reach from 0 to 1, its "bbox" is {list(annotation.bbox)}: {UNITS}'
    elif all(_is_outside(polygon, image) for polygon in polygons):
        yield f'its polygons lie outside of the {_size(image)} image. Is it that of another image?'


def _is_outside(polygon: Sequence[float], image: CocoImage) -> bool:
    """Whether no part of a polygon can lie on the image."""
    if 0 < polygon[0] < image.width and 0 < polygon[1] < image.height:
        return False
    xs, ys = polygon[::2], polygon[1::2]
    return max(xs) <= 0 or max(ys) <= 0 or min(xs) >= image.width or min(ys) >= image.height


def rle_problems(masks: Sequence[CocoRle], images: Sequence[CocoImage]) -> List[str]:
    """RLE masks whose runs do not fill their image.

    pycocotools leaves the pixels that runs do not reach uninitialised, and reads on after the end
    of a text that is cut off. So the runs are counted here.

    Args:
        masks: M masks.
        images: their images.

    Returns:
        One text for each mask, to be read after the name of the annotation; '' where it is right.
    """
    texts = [i for i, mask in enumerate(masks) if isinstance(mask.counts, str)]
    totals = {i: sum(mask.counts) if min(mask.counts, default=0) >= 0 else -1
              for i, mask in enumerate(masks) if not isinstance(mask.counts, str)}
    totals.update(zip(texts, text_totals([masks[i].counts for i in texts]).tolist()))
    return [_rle_problem(mask, image, totals[i])
            for i, (mask, image) in enumerate(zip(masks, images))]


def _rle_problem(mask: CocoRle, image: CocoImage, total: int) -> str:
    """What is wrong with a mask whose runs have ``total`` pixels."""
    size = image.height, image.width
    if mask.size != size:
        swapped = 'They are [height, width]. ' if mask.size == size[::-1] else ''
        return (f'RLE size {list(mask.size)} differs from the image size {list(size)}. {swapped}'
                'Encode the mask at the size of the image.')
    if total == size[0] * size[1]:
        return ''
    if total < 0:
        return 'the RLE is damaged. Encode the mask again.'
    return f'the RLE has {total} pixels, the image {size[0] * size[1]}. Encode the mask again.'


def text_totals(counts: Sequence[str]) -> np.ndarray:
    """Number of pixels of compressed RLE masks.

    Each character holds 5 bits of a number, from the low ones on, and whether more follow; from
    the fourth on, numbers are differences to the last but one (``rleFrString`` of pycocotools).

    Args:
        counts: M texts.

    Returns:
        (M,) long: sums of the runs; -1 for a text that is damaged or has a negative run.
    """
    texts = [text.encode('utf-8') for text in counts]
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    bits = np.frombuffer(b''.join(texts), np.uint8) - np.uint8(48)
    if not len(bits):
        return np.zeros(len(texts), np.int64)
    ends = lengths.cumsum()
    starts = ends - lengths
    last_bits = bits[ends[lengths > 0] - 1]
    damaged = np.zeros(len(texts), bool)
    damaged[lengths > 0] = last_bits & 32 > 0
    damaged[np.searchsorted(ends, np.flatnonzero(bits > 63), side='right')] = True
    for text in np.flatnonzero(damaged):
        bits[starts[text]:ends[text]] = 0  # So that no number spills over to the next text.

    last = np.flatnonzero(bits & 32 == 0)
    digits = np.diff(last, prepend=-1)
    runs = np.zeros(len(last), np.int64)
    for digit in range(digits.max()):
        longer = np.flatnonzero(digits > digit)
        if digit == MAX_DIGITS:
            damaged[np.searchsorted(ends, last[longer], side='right')] = True
            break
        value = bits[last[longer] - digits[longer] + 1 + digit].astype(np.int64)
        is_negative = (value & 16 > 0) & (digits[longer] == digit + 1)
        runs[longer] += ((value & 31) - 32 * is_negative) << 5 * digit
    first = np.searchsorted(last, starts)
    num_runs = np.diff(first, append=len(runs))
    runs = _add_last_but_one(runs, first, num_runs)
    sums = np.concatenate([[0], runs.cumsum()])
    damaged[np.searchsorted(first, np.flatnonzero(runs < 0), side='right') - 1] = True
    return np.where(damaged, -1, sums[first + num_runs] - sums[first])


def _add_last_but_one(runs: np.ndarray, first: np.ndarray, num_runs: np.ndarray) -> np.ndarray:
    """Undo the differences: each number from the fourth of a text on adds the last but one.

    Args:
        runs: (R,) numbers of all texts.
        first: (M,) place of the first number of each text.
        num_runs: (M,) number of numbers of each text.
    """
    index = np.arange(len(runs)) - np.repeat(first, num_runs)
    result = runs.copy()
    for chosen in (index % 2 == 1, (index % 2 == 0) & (index > 0)):
        sums = np.where(chosen, runs, 0).cumsum()
        before = np.repeat(sums[np.minimum(first, len(runs) - 1)], num_runs)  # A first number is 0.
        np.copyto(result, sums - before, where=chosen)
    return result


def _size(image: CocoImage) -> str:
    """Size of an image in words."""
    return f'{image.width} x {image.height}'
