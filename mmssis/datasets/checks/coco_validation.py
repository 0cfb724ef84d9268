"""What may be wrong with a COCO JSON, said in words."""

import json
import os
from collections import Counter
from numbers import Real
from typing import Any, Iterator, Optional, Sequence, Union

from mmssis.utils.class_order import class_order_problem

MAX_LISTED = 10
IMAGE_FIELDS = (('id', (int, str)), ('file_name', str), ('height', int), ('width', int))
ANNOTATION_FIELDS = (('id', (int, str)), ('image_id', (int, str)), ('category_id', int),
                     ('bbox', list), ('area', Real))


def load_coco_json(path: str) -> dict:
    """Read a COCO JSON and check its outermost shape.

    Args:
        path (str): Path of the file.

    Returns:
        dict: The content, with a list under ``images``.

    Raises:
        ValueError: If the file is missing, is no JSON, or has no list of images.
    """
    try:
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
    except OSError as error:
        raise ValueError(f'Cannot read the annotation file {path}: {error}.') from error
    except ValueError as error:
        raise ValueError(f'{path} is no valid JSON: {error}. Was it copied completely?') from error
    if not isinstance(content, dict) or not isinstance(content.get('images'), list):
        raise ValueError(f'{path} is no COCO file: it has no list under "images".')
    return content


def validate_coco_json(path: str, classes: Optional[Sequence[str]] = None) -> list[str]:
    """Find what mmdet would crash on, or silently read in a wrong way.

    Self-intersecting polygons, boxes of zero size and crowd regions are fine: pycocotools
    rasterises the first, mmdet leaves out the others.

    Args:
        path (str): Path of the COCO JSON.
        classes (Sequence[str], optional): Class names of the config, in order. None skips the
            comparison with the file's categories. Defaults to None.

    Returns:
        list[str]: Problems, each with file, id, value and remedy; empty if there is none.

    Raises:
        ValueError: If the file cannot be read as COCO JSON at all.
    """
    content = load_coco_json(path)
    problems = []
    for finder in (_image_problems, _annotation_problems, _reference_problems):
        problems += _shorten(list(finder(content)))
    if classes is not None:
        problems += category_problems(content, classes)
    return [f'{path}: {problem}' for problem in problems]


def category_problems(content: dict, classes: Sequence[str]) -> list[str]:
    """Compare the categories of a file with the class names of a config.

    mmdet numbers labels in the order of the file's categories and leaves out unknown names, so
    another order would swap class names without notice.

    Args:
        content (dict): Content of a COCO JSON.
        classes (Sequence[str]): Class names of the config, in order.

    Returns:
        list[str]: At most one problem.
    """
    names = [c.get('name') for c in _dicts(content, 'categories')]
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
    try:
        problems = validate_coco_json(path, _classes(dataset_cfg))
    except ValueError as error:
        return str(error)
    if problems:
        return '\n'.join(problems)
    content = load_coco_json(path)
    if not content['images']:
        return f'{path}: it lists no image.'
    if not content.get('annotations') and dataset_cfg.get('filter_cfg'):
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


def _dicts(content: dict, key: str) -> list[dict]:
    """The dictionaries of a top-level list; [] where the list is absent."""
    items = content.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _field_problems(item: Any, fields: Sequence[tuple[str, Any]], what: str) -> Iterator[str]:
    """Missing fields and fields of a wrong type."""
    if not isinstance(item, dict):
        yield f'{what} is {item!r}, not an object.'
        return
    name = f'{what} with id {item.get("id")!r}'
    for field, kind in fields:
        if field not in item:
            yield f'{name} has no "{field}".'
        elif not isinstance(item[field], kind) or isinstance(item[field], bool):
            yield f'{name}: "{field}" is {item[field]!r} ({type(item[field]).__name__}).'


def _image_problems(content: dict) -> Iterator[str]:
    """Problems of the image entries."""
    for image in content['images']:
        yield from _field_problems(image, IMAGE_FIELDS, 'image')
    for image in _dicts(content, 'images'):
        size = image.get('width'), image.get('height')
        if all(isinstance(side, int) for side in size) and min(size) <= 0:
            yield f'image with id {image.get("id")!r} has the size {size}.'
    yield from duplicates(content, 'images')


def _annotation_problems(content: dict) -> Iterator[str]:
    """Problems of the annotation entries by themselves."""
    for annotation in content.get('annotations') or []:
        found = list(_field_problems(annotation, ANNOTATION_FIELDS, 'annotation'))
        yield from found
        if not found:
            yield from _shape_problems(annotation)
    yield from duplicates(content, 'annotations')


def _shape_problems(annotation: dict) -> Iterator[str]:
    """Problems of an annotation's box and mask."""
    name, box = f'annotation with id {annotation["id"]!r}', annotation['bbox']
    if len(box) != 4 or not all(isinstance(value, Real) for value in box):
        yield f'{name}: "bbox" is {box}, not [x, y, width, height].'
    elif min(box[2:]) < 0:
        yield f'{name}: "bbox" {box} has a negative size. COCO boxes are [x, y, width, height].'
    mask = annotation.get('segmentation')
    if mask and not _is_mask(mask):
        yield (f'{name}: "segmentation" is neither a list of polygons [x1, y1, x2, y2, ...] nor an '
               f'RLE dict(size, counts): {str(mask)[:60]}.')


def _is_mask(mask: Union[list, dict]) -> bool:
    """Whether a segmentation is polygons or RLE by its types."""
    if isinstance(mask, dict):
        return isinstance(mask.get('counts'), (list, str)) and len(mask.get('size') or []) == 2
    return isinstance(mask, list) and all(
        isinstance(polygon, list) and len(polygon) % 2 == 0
        and all(isinstance(value, Real) for value in polygon) for polygon in mask)


def duplicates(content: dict, key: str) -> Iterator[str]:
    """Ids that occur more than once; a number and its text are one id.

    Args:
        content (dict): Content of a COCO JSON.
        key (str): Name of a list in it, ``images`` for example.

    Yields:
        str: At most one problem.
    """
    counts = Counter(str(item.get('id')) for item in _dicts(content, key))
    repeated = [identity for identity, count in counts.items() if count > 1]
    if repeated:
        yield f'ids of "{key}" occur more than once: {shorten(repeated)}.'


def _reference_problems(content: dict) -> Iterator[str]:
    """Annotations of images or categories that do not exist, and masks of another size."""
    images = {str(image.get('id')): image for image in _dicts(content, 'images')}
    categories = {str(category.get('id')) for category in _dicts(content, 'categories')}
    for annotation in _dicts(content, 'annotations'):
        name = f'annotation with id {annotation.get("id")!r}'
        image = images.get(str(annotation.get('image_id')))
        if image is None:
            yield f'{name}: image_id {annotation.get("image_id")!r} is not among the images.'
        if str(annotation.get('category_id')) not in categories:
            yield f'{name}: category_id {annotation.get("category_id")!r} is not a category.'
        mask = annotation.get('segmentation')
        if image is not None and isinstance(mask, dict):
            size = [image.get('height'), image.get('width')]
            if list(mask.get('size') or []) != size:
                yield f'{name}: RLE size {mask.get("size")} differs from the image size {size}.'
