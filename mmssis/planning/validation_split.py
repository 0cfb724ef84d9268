"""Validation images, split off from the labeled ones."""

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

from mmssis.datasets.checks.coco_validation import read_checked
from mmssis.datasets.converters.splits import split_content
from mmssis.datasets.held_out import draw_held_out

from .data_files import DataFiles

SHARE, MOST, LEAST_LABELED = 0.2, 200, 5
REMEDY = 'label more, or give images with masks that are not trained on as --val'


def split_off_validation(files: DataFiles, folder: Path, stem: str, seed: int = 0) -> DataFiles:
    """Write a labeled file and one to validate on; the user's file stays as it is.

    A fifth of the labeled images is drawn, 200 at most. Every class keeps an image to learn from.

    Args:
        files: a data set without ``val``.
        folder: where to write ``{stem}_labeled.json`` and ``{stem}_val.json``.
        stem: start of their names.
        seed: of the draw.

    Returns:
        The data set with these two files.

    Raises:
        ValueError: if the file is no COCO file, or too few images are labeled.
    """
    content = read_checked(str(files.labeled))
    chosen = draw_validation(content, str(files.labeled), seed)
    kept = [image['id'] for image in content['images'] if image['id'] not in chosen]
    labeled, val = folder / f'{stem}_labeled.json', folder / f'{stem}_val.json'
    for path, ids in ((labeled, kept), (val, chosen)):
        note = dict(of=files.labeled.name, seed=seed)
        path.write_text(json.dumps(split_content(content, ids, note)[0]), encoding='utf-8')
    return replace(files, labeled=labeled, val=val)


def draw_validation(content: Dict[str, Any], path: str, seed: int) -> List[Any]:
    """Ids of the images to validate on, at least one.

    Args:
        content: of a COCO file.
        path: of the file, for messages.
        seed: of the draw.

    Raises:
        ValueError: if too few images are labeled, or none can be spared.
    """
    ids, classes = _classes_of_images(content)
    if len(ids) < LEAST_LABELED:
        raise ValueError(f'{path} has {len(ids)} images with objects (iscrowd=1 is none): at least '
                         f'{LEAST_LABELED} are needed to split off some for validation. Please '
                         f'{REMEDY}')
    chosen = draw_held_out(classes, SHARE, MOST, seed, LEAST_LABELED)
    if not chosen:
        raise ValueError(f'{path}: each of its {len(ids)} images with objects is the only one of '
                         f'a class, so none can be split off for validation. Please {REMEDY}')
    return sorted(ids[index] for index in chosen)


def _classes_of_images(content: Dict[str, Any]) -> Tuple[List[Any], List[Set[int]]]:
    """Ids of the images with objects, and the categories of these."""
    found: Dict[Any, Set[int]] = defaultdict(set)
    for annotation in content['annotations']:
        if not annotation.get('iscrowd'):
            found[annotation['image_id']].add(annotation['category_id'])
    ids = sorted(found)
    return ids, [found[image_id] for image_id in ids]
