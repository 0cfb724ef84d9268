"""Labeled and unlabeled parts of a COCO data set."""

import hashlib
import json
import os
from collections import defaultdict
from decimal import Decimal
from typing import Sequence, Union

import numpy as np

from mmssis.utils.coco_file import read_coco
from mmssis.utils.settings import check_range

from ..checks.coco_validation import shorten

ImageId = Union[int, str]


def count_of_percent(percent: float, num_images: int) -> int:
    """Number of labeled images of a percentage, rounded down like the published COCO splits.

    Args:
        percent (float): Percentage in (0, 100].
        num_images (int): Number of images of the data set.

    Returns:
        int: Number of labeled images, for example 1182 for 1 % of COCO's 118287.

    Raises:
        ValueError: If the percentage is out of range or less than one image.
    """
    check_range('percentage', percent, 0, 100, open_low=True)
    count = int(Decimal(str(percent)) * num_images / 100)
    if count == 0:
        raise ValueError(f'{percent} % of {num_images} images is less than one image. Use a larger '
                         'percentage, or --counts.')
    return count


def draw_labeled_ids(content: dict,
                     count: int,
                     fold: int = 1,
                     seed: int = 0,
                     every_category: bool = False) -> list[ImageId]:
    """Draw labeled images without replacement.

    The ids are sorted and shuffled by (seed, fold), and the first ones are taken: larger splits of
    a fold contain the smaller ones. (mmdet's ``split_coco.py`` draws with replacement, and so
    returns fewer images.)

    Args:
        content (dict): Content of a COCO JSON.
        count (int): Number of labeled images, >= 1.
        fold (int): Number of the fold, >= 0. Defaults to 1.
        seed (int): Seed, >= 0. Defaults to 0.
        every_category (bool): Whether each category that has an instance must occur; the images
            that see to it are taken from the front of the shuffled row. Defaults to False.

    Returns:
        list[int or str]: Sorted ids of the labeled images.

    Raises:
        ValueError: If there are fewer images, or ``count`` is too small for every category.
    """
    ids = sorted(image['id'] for image in content['images'])
    check_range('number of labeled images', count, 1, len(ids), whole=True)
    order = [ids[i] for i in np.random.default_rng([seed, fold]).permutation(len(ids))]
    if every_category:
        first = _images_of_every_category(content, order)
        if len(first) > count:
            raise ValueError(f'{count} images are too few for every category to occur; '
                             f'{len(first)} suffice in fold {fold}.')
        taken = set(first)
        order = first + [image_id for image_id in order if image_id not in taken]
    return sorted(order[:count])


def _images_of_every_category(content: dict, order: Sequence[ImageId]) -> list[ImageId]:
    """First images of a row with which every category occurs, rarest category first."""
    images_of = defaultdict(set)
    for annotation in content['annotations']:
        if not annotation.get('iscrowd'):
            images_of[annotation['category_id']].add(annotation['image_id'])
    place = {image_id: i for i, image_id in enumerate(order)}
    chosen: list[ImageId] = []
    for _, images in sorted(images_of.items(), key=lambda item: (len(item[1]), item[0])):
        if not images.intersection(chosen):
            chosen.append(min(images, key=place.__getitem__))
    return chosen


def ids_sha256(ids: Sequence[ImageId]) -> str:
    """Fingerprint of a set of image ids.

    Args:
        ids (Sequence[int or str]): Image ids in any order.

    Returns:
        str: SHA-256 of the sorted ids, one per line, in hexadecimal.
    """
    return hashlib.sha256('\n'.join(map(str, sorted(ids))).encode()).hexdigest()


def split_content(content: dict, labeled_ids: Sequence[ImageId],
                  note: dict) -> tuple[dict, dict]:
    """Cut a COCO data set in two.

    Args:
        content (dict): Content of a COCO JSON.
        labeled_ids (Sequence[int or str]): Ids of the labeled images.
        note (dict): How the split was made; stored under ``info.split`` with the SHA-256.

    Returns:
        tuple[dict, dict]: The labeled part with its annotations, and the other images with none.
    """
    labeled = set(labeled_ids)
    note = dict(note, num_labeled=len(labeled), sha256=ids_sha256(labeled_ids))
    common = {key: value for key, value in content.items() if key not in ('images', 'annotations')}
    common['info'] = dict(content.get('info') or {}, split=note)
    parts = []
    for is_labeled in (True, False):
        images = [i for i in content['images'] if (i['id'] in labeled) == is_labeled]
        annotations = [a for a in content['annotations'] if a['image_id'] in labeled]
        parts.append(dict(common, images=images, annotations=annotations if is_labeled else []))
    return parts[0], parts[1]


def read_published_ids(path: str, content: dict) -> list[ImageId]:
    """Read the labeled images of a published split.

    Args:
        path (str): A text file with one image id or file name per line (lines that start with
            ``#`` are left out), a JSON list of them, or a split's COCO JSON (mmdet, SoftTeacher).
        content (dict): Content of the whole data set's COCO JSON.

    Returns:
        list[int or str]: Sorted ids of the labeled images.

    Raises:
        ValueError: If an entry names no image or two, or occurs twice.
    """
    entries = [str(entry) for entry in _published_entries(path)]
    tables = _names_of_images(content)
    table = next((t for t in tables if all(len(t.get(e, ())) == 1 for e in entries)), None)
    if table is None:
        unknown = [e for e in entries if not any(len(t.get(e, ())) == 1 for t in tables)]
        raise ValueError(f'{path}: {len(unknown)} of {len(entries)} entries name no image of the '
                         f'data set, or more than one: {shorten(unknown)}. Use ids, or file names '
                         'of its JSON, throughout.')
    found = [image_id for entry in entries for image_id in table[entry]]
    if len(set(found)) != len(found):
        raise ValueError(f'{path}: {len(found) - len(set(found))} images occur more than once.')
    return sorted(found)


def _published_entries(path: str) -> list[ImageId]:
    """Image ids or file names of a published list."""
    if not path.endswith('.json'):
        with open(path, encoding='utf-8') as file:
            lines = [line.strip() for line in file]
        return [line for line in lines if line and not line.startswith('#')]
    with open(path, encoding='utf-8') as file:
        try:
            entries = json.load(file)
        except ValueError as error:
            raise ValueError(f'{path} is no valid JSON: {error}.') from error
    return entries if isinstance(entries, list) else [
        image.file_name for image in read_coco(path).images]


def _names_of_images(content: dict) -> list[dict[str, set]]:
    """Ids by what images may be listed under: id, file name, base name, stem; in this order."""
    tables: list[dict[str, set]] = [defaultdict(set) for _ in range(4)]
    for image in content['images']:
        base = os.path.basename(image['file_name'])
        names = str(image['id']), image['file_name'], base, os.path.splitext(base)[0]
        for table, name in zip(tables, names):
            table[name].add(image['id'])
    return tables


def write_split(content: dict, labeled_ids: Sequence[ImageId], prefix: str,
                note: dict) -> tuple[str, str, str]:
    """Write the files of one split.

    Args:
        content (dict): Content of the whole data set's COCO JSON.
        labeled_ids (Sequence[int or str]): Ids of the labeled images.
        prefix (str): Path without ending, for example ``semi_anns/instances_train2017.1@10``.
        note (dict): How the split was made.

    Returns:
        tuple[str, str, str]: Paths of the labeled JSON, the unlabeled JSON and the list of ids.
    """
    os.makedirs(os.path.dirname(prefix) or '.', exist_ok=True)
    paths = f'{prefix}.json', f'{prefix}-unlabeled.json', f'{prefix}.ids.txt'
    for path, part in zip(paths, split_content(content, labeled_ids, note)):
        with open(path, 'w', encoding='utf-8') as file:
            json.dump(part, file)
    with open(paths[2], 'w', encoding='utf-8') as file:
        file.write(f'# sha256 {ids_sha256(labeled_ids)}\n')
        file.writelines(f'{image_id}\n' for image_id in sorted(labeled_ids))
    return paths
