"""What may be wrong with a COCO JSON, said in words."""

import os
from collections import Counter, defaultdict
from functools import lru_cache
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from mmssis.utils.class_order import class_order_problem, doubled_category_problem
from mmssis.utils.coco_file import (CocoAnnotation, CocoBox, CocoCategory, CocoFile, CocoImage,
                                    CocoRle, file_stamp, read_coco, read_content)

from .coco_fit import MANY, SAMPLE, Pair, judge_pairs, make_pair
from .coco_shapes import MAX_SIDE, UNITS, box_problems, polygon_problems, rle_problems

MAX_LISTED = 10
RLE_BATCH = 2000
# Problems by their kind; of each kind the first ones are listed.
Found = Dict[str, List[str]]


class Judgement(NamedTuple):
    """What was found in a file, in words.

    Attributes:
        problems: what mmdet would crash on, or silently read in a wrong way.
        warnings: what should be looked at.
        categories: those of the file, in its order.
    """

    problems: Tuple[str, ...]
    warnings: Tuple[str, ...]
    categories: Tuple[CocoCategory, ...]


def validate_coco_json(path: str, classes: Optional[Sequence[str]] = None,
                       masks: bool = True) -> list[str]:
    """Find what mmdet would crash on, or silently read in a wrong way.

    Self-intersecting polygons, boxes of zero size and crowd regions are fine: pycocotools
    rasterises the first, mmdet leaves out the others.

    Args:
        path (str): Path of the COCO JSON.
        classes (Sequence[str], optional): Class names of the config, in order. None skips the
            comparison with the file's categories. Defaults to None.
        masks (bool): Whether masks are read from it. Defaults to True.

    Returns:
        list[str]: Problems, each with file, id, value and remedy; empty if there is none.
    """
    try:
        judgement = judge_coco(path, masks)
    except ValueError as error:
        return [str(error)]
    problems = list(judgement.problems)
    if classes is not None:
        problems += [f'{path}: {problem}'
                     for problem in category_problems(judgement.categories, classes)]
    return problems


def judge_coco(path: str, masks: bool = True) -> Judgement:
    """Look at a file once; one that did not change is not read again.

    Args:
        path (str): Path of the COCO JSON.
        masks (bool): Whether masks are read from it. Defaults to True.

    Returns:
        Judgement: Problems, warnings and categories.

    Raises:
        ValueError: If the file cannot be read as COCO JSON at all.
    """
    return _judge(str(path), file_stamp(path), masks)


@lru_cache(maxsize=16)
def _judge(path: str, _: Optional[Tuple[int, int]], masks: bool) -> Judgement:
    """See :func:`judge_coco`."""
    coco = read_coco(path)
    found: Found = defaultdict(list)
    found['images'] += image_problems(coco.images)
    found['categories'] += duplicates((c.id for c in coco.categories), 'categories')
    pairs = _judge_annotations(coco, masks, found)
    problems = [f'{path}: {problem}' for kind in found.values() for problem in _shorten(kind)]
    mismatches, warnings = ([], []) if problems else judge_pairs(path, pairs)
    return Judgement(tuple(problems + mismatches), tuple(warnings), tuple(coco.categories))


def _judge_annotations(coco: CocoFile, masks: bool, found: Found) -> List[Pair]:
    """Look at every annotation; returns a sample of boxes and masks to compare."""
    images = {image.id: image for image in coco.images}
    categories = {category.id for category in coco.categories}
    step = max(coco.num_annotations // SAMPLE, 1)
    rles = _RleChecker(found)
    ids: List[Any] = []
    num_shares = 0
    for index, annotation in enumerate(
            coco.annotations(CocoAnnotation if masks else CocoBox, found['types'])):
        ids.append(annotation.id)
        name = f'annotation with id {annotation.id!r} of image {annotation.image_id!r}'
        if annotation.category_id not in categories:
            found['references'].append(f'{name}: category_id {annotation.category_id!r} is not '
                                       'the "id" of a category.')
        image = images.get(annotation.image_id)
        if image is None and images:
            found['references'].append(f'{name}: {_unknown_image(annotation.image_id, images)}')
        if image is None:
            continue
        num_shares += max(annotation.bbox) <= 1
        faults = list(box_problems(annotation, image))
        mask = annotation.segmentation if masks else None
        is_sampled = index % step == 0
        if isinstance(mask, CocoRle):
            rles.add(annotation, image, name, is_sampled and not faults)
        elif mask:
            faults += polygon_problems(annotation, image)
            if is_sampled and not faults:
                rles.pairs.append(make_pair(annotation, image, name))
        found['shapes'] += [f'{name}: {fault}' for fault in faults]
    rles.check()
    found['ids'] += duplicates(ids, 'annotations')
    if num_shares > MANY * len(ids):
        found['units'].append(f'{num_shares} of {len(ids)} boxes reach from 0 to 1: {UNITS}')
    return [pair for pair in rles.pairs if pair is not None]


class _RleChecker:
    """Checks RLE masks many at a time.

    Args:
        found: takes up what is wrong.
    """

    def __init__(self, found: Found) -> None:
        self.found = found
        self.pairs: List[Optional[Pair]] = []
        self.waiting: List[Tuple[CocoAnnotation, CocoImage, str, bool]] = []

    def add(self, annotation: CocoAnnotation, image: CocoImage, name: str,
            is_sampled: bool) -> None:
        """Note a mask; ``is_sampled``: whether its box is to be compared."""
        self.waiting.append((annotation, image, name, is_sampled))
        if len(self.waiting) >= RLE_BATCH:
            self.check()

    def check(self) -> None:
        """Check those that wait."""
        problems = rle_problems([annotation.segmentation for annotation, *_ in self.waiting],
                                [image for _, image, *_ in self.waiting])
        for (annotation, image, name, is_sampled), problem in zip(self.waiting, problems):
            if problem:
                self.found['shapes'].append(f'{name}: {problem}')
            elif is_sampled:
                self.pairs.append(make_pair(annotation, image, name))
        self.waiting.clear()


def _unknown_image(image_id: Any, images: Dict[Any, CocoImage]) -> str:
    """Why an annotation belongs to no image."""
    twin = next((i for i in images if str(i) == str(image_id)), None)
    if twin is None:
        return f'image_id {image_id!r} is not the "id" of an image.'
    kinds = {int: 'a number', str: 'text'}
    return (f'image_id {image_id!r} is {kinds[type(image_id)]}, the "id" of the image, {twin!r}, '
            f'is {kinds[type(twin)]}, so mmdet finds no image. Write both alike.')


def image_problems(images: Sequence[CocoImage]) -> Iterator[str]:
    """Wrong sizes, ids of two kinds, and images that are listed twice.

    Args:
        images (Sequence[CocoImage]): The images of a file.

    Yields:
        str: Problems, each with its remedy.
    """
    if not images:
        yield 'it lists no image.'
    for image in images:
        if not 0 < min(image.width, image.height) <= max(image.width, image.height) <= MAX_SIDE:
            yield (f'image with id {image.id!r} has the size {(image.width, image.height)}. Write '
                   'its width and height in pixels.')
        if not image.file_name:
            yield f'image with id {image.id!r} has an empty file_name.'
    yield from mixed_ids(images)
    yield from duplicates((image.id for image in images), 'images')
    ids_of = defaultdict(list)
    for image in images:
        ids_of[os.path.normpath(image.file_name)].append(image.id)
    twice = [f'{name!r} (ids {shorten(ids, 3)})' for name, ids in ids_of.items() if len(ids) > 1]
    if twice:
        yield (f'{shorten(twice, 3)}: the same file listed as several images, so that objects of '
               'one entry are background in the other. Give each file one entry, with all of its '
               'annotations.')


def mixed_ids(images: Sequence[CocoImage]) -> Iterator[str]:
    """Ids of images of which some are numbers and some texts; they cannot be sorted.

    Args:
        images (Sequence[CocoImage]): The images of a file.

    Yields:
        str: At most one problem.
    """
    kinds = {type(image.id): image.id for image in images}
    if len(kinds) > 1:
        yield (f'ids of images are numbers and texts, {kinds[int]!r} and {kinds[str]!r} for '
               'example. Write all of them as numbers, and "image_id" likewise.')


def read_checked(path: str, masks: bool = True) -> dict:
    """Read a COCO file for a tool, with every field that it has.

    Args:
        path (str): Path of the COCO JSON.
        masks (bool): Whether masks are looked at. Defaults to True.

    Returns:
        dict: The content, with lists under ``images``, ``annotations`` and ``categories``.

    Raises:
        ValueError: With all problems of the file.
    """
    if problems := validate_coco_json(path, masks=masks):
        raise ValueError('\n'.join(problems))
    return read_content(path)


def category_problems(categories: Sequence[CocoCategory], classes: Sequence[str]) -> list[str]:
    """Compare the categories of a file with the class names of a config.

    mmdet numbers labels in the order of the file's categories and leaves out unknown names, so
    another order would swap class names without notice.

    Args:
        categories (Sequence[CocoCategory]): Categories of a file, in its order.
        classes (Sequence[str]): Class names of the config, in order.

    Returns:
        list[str]: At most one problem.
    """
    if problem := doubled_category_problem(categories, classes):
        return [problem]
    names = [category.name for category in categories]
    problem = class_order_problem(classes, names, 'its categories', allow_more=True)
    return [f'{problem} as in the config. Correct metainfo=dict(classes=...) or the file; mmdet '
            'numbers labels in the order of the file, without repeats.'] if problem else []


def explain_coco_error(dataset_cfg: dict) -> Optional[str]:
    """Say why a COCO data set could not be built.

    Args:
        dataset_cfg (dict): Config of a data set of the ``CocoDataset`` family.

    Returns:
        str or None: The cause, or None where the annotation file is not to blame.
    """
    path = os.path.join(dataset_cfg.get('data_root') or '', dataset_cfg.get('ann_file') or '')
    if not path.endswith('.json'):
        return None
    masks = not str(dataset_cfg.get('type')).endswith('BoxLabeledCocoDataset')
    if problems := validate_coco_json(path, _classes(dataset_cfg), masks):
        return '\n'.join(problems)
    try:
        content = read_content(path)
    except ValueError as error:
        return str(error)
    if not content['annotations'] and dataset_cfg.get('filter_cfg'):
        return (f'{path}: no image has annotations, and filter_cfg drops images without. For '
                'unlabeled images use type="UnlabeledCocoDataset"; for pseudo labels lower their '
                'thresholds.')
    return None


def _classes(dataset_cfg: dict) -> Optional[Sequence[str]]:
    """Class names given in a data set's config."""
    metainfo = dataset_cfg.get('metainfo') or {}
    return metainfo.get('classes')


def shorten(items: Sequence[Any], limit: int = MAX_LISTED) -> str:
    """List the first items, and say how many more there are.

    Args:
        items (Sequence): What to list.
        limit (int): Largest number of items that are printed. Defaults to 10.

    Returns:
        str: Items separated by commas.
    """
    text = ', '.join(str(item) for item in items[:limit])
    return text if len(items) <= limit else f'{text}, and {len(items) - limit} more'


def _shorten(problems: list[str]) -> list[str]:
    """Keep the first problems of a kind, and count the others."""
    if len(problems) <= MAX_LISTED:
        return problems
    return problems[:MAX_LISTED] + [f'... and {len(problems) - MAX_LISTED} more of this kind.']


def duplicates(ids: Iterable[Any], key: str) -> Iterator[str]:
    """Ids that occur more than once.

    Args:
        ids (Iterable[int or str]): Ids of one kind of entries.
        key (str): Name of their list in a COCO JSON, ``images`` for example.

    Yields:
        str: At most one problem.
    """
    repeated = [identity for identity, count in Counter(ids).items() if count > 1]
    if repeated:
        yield (f'ids of "{key}" occur more than once: {shorten(repeated)}. Give every entry an id '
               'of its own.')
