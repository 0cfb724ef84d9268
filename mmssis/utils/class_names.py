"""The class names of a user's data, checked against its files."""

import colorsys
from pathlib import Path
from typing import Any, Dict, List, Tuple

from mmdet.datasets import CocoDataset
from mmengine.config import ConfigDict

from .class_order import class_order_problem, doubled_category_problem
from .coco_file import CocoCategory, scan_coco
from .data_set_spec import file_of


def class_metainfo(spec: ConfigDict, check_data: bool, parts: Tuple[str, ...]) -> Dict[str, Any]:
    """Class names and colours of a ``data_set``.

    Args:
        spec: ``data_set`` of a config.
        check_data: whether the annotation files must hold the classes.
        parts: the parts of the data that the run reads, with annotations.

    Returns:
        A data set's ``metainfo``.

    Raises:
        ValueError: if the names are wrong, or a file lacks one or has them in another order.
    """
    classes = spec.get('classes')
    if classes is None:
        classes = _categories(spec, parts[0])
    elif isinstance(classes, str):
        raise ValueError(f'data_set.classes = {classes!r} is one string: for one class write '
                         f'({classes!r},), with the comma')
    classes = tuple(classes)
    if not classes or not all(isinstance(name, str) and name for name in classes):
        raise ValueError(f'data_set.classes = {classes}: give the class names, at least one')
    _refuse_doubled(classes, 'data_set.classes')
    for part in parts if check_data else ():
        if part in spec:
            _check_categories(spec, part, classes)
    if spec.get('palette') is None and classes == CocoDataset.METAINFO['classes']:
        return dict(classes=classes)  # mmdet's own colours.
    return dict(classes=classes, palette=_palette(spec, len(classes)))


def make_palette(num_classes: int) -> List[Tuple[int, int, int]]:
    """Colours that differ from class to class, the same on every run.

    Args:
        num_classes: how many, >= 1.

    Returns:
        RGB colours in [0, 255]; hues a golden angle apart.
    """
    hues = [(0.618034 * i) % 1.0 for i in range(num_classes)]
    colours = [colorsys.hsv_to_rgb(hue, 0.75, 0.95 if i % 2 == 0 else 0.7)
               for i, hue in enumerate(hues)]
    return [tuple(round(255 * channel) for channel in colour) for colour in colours]


def _palette(spec: ConfigDict, num_classes: int) -> List[Tuple[int, int, int]]:
    """The colours that are given, or made."""
    palette = spec.get('palette')
    if palette is None:
        return make_palette(num_classes)
    if len(palette) != num_classes:
        raise ValueError(f'data_set.palette has {len(palette)} colours for {num_classes} classes: '
                         'give one (red, green, blue) for each, or leave it out')
    return [tuple(colour) for colour in palette]


def _check_categories(spec: ConfigDict, part: str, classes: Tuple[str, ...]) -> None:
    """Refuse an annotation file that lacks a class, or lists the classes in another order.

    mmdet numbers labels in the order of the file, whatever the order of ``metainfo.classes``; in
    another order every name would stand for a wrong label.
    """
    categories = _read(spec, part)
    if problem := doubled_category_problem(categories, classes):
        raise ValueError(f'{Path(spec.root, file_of(spec, part))} (data_set.{part}): {problem}')
    names = tuple(category.name for category in categories)
    place = f'the categories of data_set.{part} = {spec[part]!r}'
    problem = class_order_problem(classes, names, place, allow_more=True)
    if problem:
        raise ValueError(f'data_set.classes: {problem}. Spell the names alike (case counts), in '
                         'the order of the file, and the same order in all files')


def _categories(spec: ConfigDict, part: str) -> Tuple[str, ...]:
    """Category names of an annotation file, in its order."""
    categories = _read(spec, part)
    names = tuple(category.name for category in categories)
    if problem := doubled_category_problem(categories, names):
        raise ValueError(f'{Path(spec.root, file_of(spec, part))} (data_set.{part}): {problem}')
    return names


def _read(spec: ConfigDict, part: str) -> Tuple[CocoCategory, ...]:
    """Categories of an annotation file, in its order."""
    path = Path(spec.root, file_of(spec, part))
    if not path.exists():
        raise ValueError(f'data_set.classes is missing, and {path}, which would name them, is not '
                         'there: give data_set.classes')
    try:
        categories = scan_coco(path).categories
    except ValueError as error:
        raise ValueError(f'data_set.{part}: {error}') from error
    if not all(category.name for category in categories) or not categories:
        raise ValueError(f'{path} (data_set.{part}) has no "categories" with names. Give a COCO '
                         'annotation file')
    return categories


def _refuse_doubled(names: Tuple[str, ...], place: str) -> None:
    """Refuse a name that occurs twice."""
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f'{place} has {doubled[0]!r} twice: name every class once')
