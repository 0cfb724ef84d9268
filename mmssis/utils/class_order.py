"""Whether two data sets name the same classes in the same order."""

from typing import Optional, Sequence

from .coco_file import CocoCategory


def class_order_problem(classes: Sequence[str],
                        found: Sequence[str],
                        place: str,
                        allow_more: bool = False) -> Optional[str]:
    """Compare class names; mmdet's labels are places in this order.

    Args:
        classes (Sequence[str]): The names that are expected, in order.
        found (Sequence[str]): The names that are there, in order.
        place (str): Where ``found`` stands, a plural, for example ``'the categories of a.json'``.
        allow_more (bool): Whether further names may stand among them, as in a file of which only
            some categories are used. Defaults to False.

    Returns:
        str or None: What differs, in words; None if nothing does.
    """
    classes, found = list(classes), list(found)
    missing = [name for name in classes if name not in found]
    if missing:
        return f'{place} lack {missing}: they are {found}, expected {classes}'
    more = [name for name in found if name not in classes]
    if more and not allow_more:
        return f'{place} have {more} besides: they are {found}, expected {classes}'
    shared = [name for name in found if name in classes]
    if shared != classes:
        return f'{place} stand in the order {shared}, expected {classes}'
    return None


def doubled_category_problem(categories: Sequence[CocoCategory],
                             classes: Sequence[str]) -> Optional[str]:
    """Find two categories of one class's name: mmdet takes each for a class of its own.

    Args:
        categories (Sequence[CocoCategory]): Categories of a file.
        classes (Sequence[str]): The names that are used.

    Returns:
        str or None: The name, its ids and the remedy; None if there is none.
    """
    for name in dict.fromkeys(classes):
        ids = [category.id for category in categories if category.name == name]
        if len(ids) > 1:
            return (f'"categories" has {name!r} twice (ids {", ".join(map(str, ids))}): name every '
                    'class once. Take out the entry that no annotation has; Roboflow writes such a '
                    'root category. data_set.classes alone does not help: mmdet goes by the names.')
    return None
