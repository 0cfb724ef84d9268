"""Labels that go to a tool for annotation, and come back."""

import json
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
from pycocotools import mask as coco_mask

from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.engine.atomic_backend import AtomicBackend
from mmssis.utils.coco_file import read_content

from .decisions import PROPOSALS
from .journal import Journal
from .label_studio import from_tasks, labeling_interface, to_tasks

KINDS = ('cvat', 'labelstudio')
Content = Dict[str, Any]


def export_file(journal: Journal, kind: str, file: Path) -> int:
    """Write the images that are to be labeled by hand.

    Args:
        journal: of the review.
        kind: 'cvat': a COCO file with masks, as CVAT imports it ("COCO 1.0"); 'labelstudio': its
            tasks, and beside them the labeling interface (``.xml``).
        file: JSON file to write.

    Returns:
        Number of images.

    Raises:
        ValueError: if there is no image to label.
    """
    if kind not in KINDS:
        raise ValueError(f'--export {kind}: use one of {", ".join(KINDS)}')
    content = _open_images(journal)
    if not content['images']:
        raise ValueError(f'{journal.folder} has no image to be labeled by hand')
    made = to_tasks(content) if kind == 'labelstudio' else for_cvat(content)
    AtomicBackend().put_text(json.dumps(made, ensure_ascii=False), file)
    if kind == 'labelstudio':
        classes = [category['name'] for category in content['categories']]
        AtomicBackend().put_text(labeling_interface(classes), file.with_suffix('.xml'))
    return len(content['images'])


def read_labels(path: Path, journal: Journal) -> Content:
    """Read what a tool has written: a COCO file, or tasks of Label Studio.

    Args:
        path: the file.
        journal: of the review, which knows the classes.

    Returns:
        A COCO file; RLE is compressed, polygons stay polygons.

    Raises:
        ValueError: if it is neither, or has faults.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise ValueError(f'--import {path}: cannot be read ({error})') from error
    if isinstance(content, list):
        proposals = read_content(journal.folder / PROPOSALS)
        classes = [category['name'] for category in proposals['categories']]
        return from_tasks(content, classes, path)
    if problems := validate_coco_json(str(path)):
        raise ValueError('\n'.join(problems))
    return from_cvat(read_content(path))


def for_cvat(content: Content) -> Content:
    """A COCO file as CVAT reads masks: uncompressed RLE with ``iscrowd`` = 1.

    Args:
        content: a COCO file whose masks are compressed RLE.
    """
    annotations = []
    for item in content['annotations']:
        mask = item['segmentation']
        annotations.append(dict(item, iscrowd=1, segmentation=dict(
            size=mask['size'], counts=run_lengths(coco_mask.decode(mask)))))
    return dict(content, annotations=annotations)


def from_cvat(content: Content) -> Content:
    """A COCO file of CVAT with compressed RLE.

    CVAT marks every mask as ``iscrowd`` = 1, which mmdet would not learn from: that is left to
    whoever joins the labels.

    Args:
        content: of the file.
    """
    images = {image['id']: image for image in content['images']}
    annotations = []
    for item in content['annotations']:
        mask = item['segmentation']
        if isinstance(mask, dict) and isinstance(mask['counts'], list):
            image = images[item['image_id']]
            rle = coco_mask.frPyObjects(mask, image['height'], image['width'])
            mask = dict(rle, counts=rle['counts'].decode())
        annotations.append(dict(item, segmentation=mask))
    return dict(content, annotations=annotations)


def run_lengths(mask: np.ndarray) -> List[int]:
    """Uncompressed RLE of a mask, column by column; the first run is of zeros.

    Args:
        mask: (H, W).
    """
    values = np.asarray(mask, bool).ravel(order='F')
    # A change before the first pixel is a first run of length 0.
    changes = np.flatnonzero(np.diff(values, prepend=False))
    return np.diff([0, *changes, len(values)]).tolist()


def _open_images(journal: Journal) -> Content:
    """Images without labels so far: the incomplete ones, or before any decision all."""
    content = read_content(journal.to_annotate or journal.folder / PROPOSALS)
    left = {image['file_name'] for image in read_content(journal.unlabeled)['images']}
    images = [image for image in content['images'] if image['file_name'] in left]
    ids = {image['id'] for image in images}
    return dict(content, images=images, annotations=[
        item for item in content['annotations'] if item['image_id'] in ids])
