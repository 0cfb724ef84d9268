"""Pseudo labels as a COCO file."""

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterable, Iterator, TextIO, Union

import torch
from torch import Tensor

from .label_statistics import LabelStatistics
from .record import Record
from .shards import BOX_DIGITS, IMAGE_FIELDS, SCORE_DIGITS, Folder, read_records
from .soft_masks import binary_rle
from .thresholds import Thresholds

THRESHOLDS_FILE = 'thresholds.json'


def write_annotations(folder: Folder, out_file: Union[str, Path], labeled: LabelStatistics,
                      thresholds: Thresholds, fingerprint: dict[str, Any]) -> dict[str, Any]:
    """Write the detections above their thresholds as a COCO file.

    All images are listed, those without pseudo label too. An annotation has the detected box
    (not the tight one of its mask), ``score``, and ``mask_score``, the mean of its mask
    probabilities above the pixel threshold; it is left out if its mask is empty or its box is
    less than a pixel wide or high, since mmdet would not read it. One image is in memory at a
    time. The file appears once it is complete; the same input gives the same bytes.

    Args:
        folder: folder of the shards.
        out_file: COCO JSON to write; ``thresholds.json`` is written beside it. Its folder is made.
        labeled: what the labeled images look like; gives classes and category ids.
        thresholds: result of :func:`find_thresholds` on the same folder.
        fingerprint: what the detections were made from; kept in both files.

    Returns:
        The provenance, which ``info`` of the file and ``thresholds.json`` hold: ``thresholds``,
        ``num_images``, ``classes`` (counts of each) and ``generation`` (the fingerprint).

    Raises:
        OSError: if the disk is full; an earlier file stays as it is.
    """
    out_file = Path(out_file)
    counts = torch.zeros_like(thresholds.num_kept)
    with replacing(out_file) as file:
        file.write('{"images": ')
        write_list(file, ({name: record.image[name] for name in IMAGE_FIELDS}
                          for record in read_records(folder)))
        file.write(',\n"annotations": ')
        write_list(file, _annotations(read_records(folder), labeled, thresholds, counts))
        provenance = _provenance(labeled, thresholds, counts, fingerprint)
        categories, info = json.dumps(labeled.categories), json.dumps(dict(provenance=provenance))
        file.write(f',\n"categories": {categories},\n"info": {info}}}\n')
    with replacing(out_file.parent / THRESHOLDS_FILE) as file:
        file.write(json.dumps(provenance, indent=2) + '\n')
    return provenance


def _annotations(records: Iterable[Record], labeled: LabelStatistics, thresholds: Thresholds,
                 counts: Tensor) -> Iterator[dict]:
    """Annotations of all images, numbered from 1; adds to ``counts`` (K,)."""
    for record in records:
        keep = thresholds.keeps(record.scores, record.labels)
        if not keep.any():
            continue
        for annotation in _annotations_of(record, keep, thresholds.pixel):
            label = annotation['category_id']
            counts[label] += 1
            annotation.update(id=int(counts.sum()), category_id=labeled.categories[label]['id'])
            yield annotation


def _annotations_of(record: Record, keep: Tensor, pixel_thr: float) -> Iterator[dict]:
    """Annotations of one image, without ``id`` and with the label as ``category_id``."""
    kept = record.detections()[keep]
    height, width = record.image['height'], record.image['width']
    limits = kept.boxes.new_tensor([width, height, width, height])
    for box, score, label, probs in zip(kept.boxes, kept.scores.tolist(), kept.labels.tolist(),
                                        kept.mask_probs):
        bbox = coco_box(box.clamp(min=0).minimum(limits))
        mask, area = binary_rle(probs, box, (height, width), pixel_thr)
        if area and min(bbox[2:]) >= 1:
            yield dict(id=0, image_id=record.image['id'], category_id=label, bbox=bbox,
                       segmentation=mask, area=area, iscrowd=0, score=score,
                       mask_score=_mask_score(probs, pixel_thr))


def _mask_score(probs: Tensor, pixel_thr: float) -> float:
    """Mean of a mask's probabilities (S, S) from the threshold on."""
    # Pasting may round up to a threshold that no cell reaches, so the best cells always count.
    above = (probs >= min(pixel_thr, probs.max().item())) & (probs > 0)
    return round(probs[above].double().mean().item(), SCORE_DIGITS)


def coco_box(box: Tensor) -> list[float]:
    """A box as COCO writes it.

    Args:
        box: (4,), xyxy in pixels.

    Returns:
        x, y, width and height, to a thousandth of a pixel.
    """
    x1, y1, x2, y2 = box.tolist()
    return [round(value, BOX_DIGITS) for value in (x1, y1, x2 - x1, y2 - y1)]


def _provenance(labeled: LabelStatistics, thresholds: Thresholds, counts: Tensor,
                fingerprint: dict[str, Any]) -> dict[str, Any]:
    """Thresholds and counts by the names of the classes."""
    columns = dict(labeled=labeled.counts, detections=thresholds.num_detections,
                   above_threshold=thresholds.num_kept, annotations=counts)
    rows = zip(*(column.tolist() for column in columns.values()))
    return dict(
        thresholds=dict(classes=dict(zip(labeled.classes, thresholds.classes.tolist())),
                        pixel=thresholds.pixel),
        foreground_fraction=labeled.foreground_fraction,
        num_images=dict(labeled=labeled.num_images, unlabeled=thresholds.num_images),
        classes={name: dict(zip(columns, row)) for name, row in zip(labeled.classes, rows)},
        generation=fingerprint)


def write_list(file: TextIO, items: Iterable[dict]) -> None:
    """Write a JSON list, one item per line, without holding it.

    Args:
        file: what to write to.
        items: entries, fit for JSON.
    """
    file.write('[')
    for i, item in enumerate(items):
        file.write((',\n' if i else '\n') + json.dumps(item))
    file.write(']')


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A file that takes its place once it is complete; until then an earlier one stays.

    Args:
        path: the place; its folder is made.

    Yields:
        The file, open for text.

    Raises:
        OSError: if it could not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f'.{path.name}.partial')
    try:
        with open(partial, 'w', encoding='utf-8') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(error.errno, f'{error.strerror}: the pseudo labels could not be written. '
                      'All detections are kept; make room and run the same command again',
                      str(path)) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
