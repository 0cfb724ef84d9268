"""Signs that pseudo labels are of little use, as warnings."""

from typing import Any, Iterator, Optional

LOWEST_PIXEL_THR = 0.1
"""Matched thresholds of usable masks are near 0.4; the lowest bin is at 0.004."""


def doubts(provenance: dict[str, Any], class_thr: Optional[float] = None,
           pixel_thr: Optional[float] = None) -> list[str]:
    """What speaks against training on a file of pseudo labels.

    Args:
        provenance: result of :func:`~mmssis.offline.annotations.write_annotations`.
        class_thr: threshold that was set for all classes; None for matched ones.
        pixel_thr: threshold of the pixels that was set; None for a matched one.

    Returns:
        One text for each sign: what it means and what to do.
    """
    rows = provenance['classes']
    unseen = [name for name, row in rows.items() if not row['detections']]
    found = []
    if unseen:
        found.append(
            f'{len(unseen)} of {len(rows)} classes have no detection at all, so the student gets '
            f'no pseudo label of them: {", ".join(unseen)}. Train the teacher for longer, or on '
            'more images of them.')
    if class_thr is None:
        found += _of_classes(rows, provenance['thresholds']['classes'])
    pixel = provenance['thresholds']['pixel']
    if pixel_thr is None and pixel < LOWEST_PIXEL_THR:
        found.append(
            f'The matched pixel threshold is {pixel:.3f}: the masks of the teacher have less '
            'foreground than the labeled ones, so nearly all of each box becomes mask. Train the '
            'teacher for longer, or set --pixel-thr 0.5.')
    return found


def _of_classes(rows: dict[str, dict], thresholds: dict[str, float]) -> Iterator[str]:
    """Signs in the matched thresholds of the classes."""
    unmatched = [name for name, row in rows.items() if row['detections'] and not thresholds[name]]
    if unmatched:
        yield (f'The matched threshold is 0.000 for {", ".join(unmatched)}: there are no more '
               'detections than labels are expected, so all of them are kept, right or wrong. '
               'Train the teacher for longer, or set --box-thr, for example 0.5.')
    empty = [name for name, row in rows.items()
             if row['above_threshold'] and not row['annotations']]
    if empty:
        yield (f'All masks are empty for {", ".join(empty)}. Look at the masks of the teacher, or '
               'lower --pixel-thr.')
