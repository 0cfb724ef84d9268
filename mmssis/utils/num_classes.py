"""The number of classes, wherever a model config repeats it."""

from typing import Any, Iterator, List, Tuple

from mmengine.config import Config

from .data_set_spec import train_sources

KEYS = ('num_classes', 'num_things_classes')
# A backbone's own class count belongs to its ImageNet head, a classifier's to its weights.
OTHER_CLASSES = ('backbone', 'classifier')
# Tells objects from background, whatever their class.
NO_CLASSES = ('rpn_head', )


def check_num_classes(cfg: Config) -> None:
    """Refuse heads and hooks for another number of classes than the training data have.

    Args:
        cfg: any config; without ``metainfo.classes`` in its data sets the numbers are not compared.

    Raises:
        ValueError: with the key.
    """
    classes = next((source.metainfo['classes'] for source in train_sources(cfg).values()
                    if 'classes' in (source.get('metainfo') or {})), None)
    for place, key, node in _class_counts(cfg.get('model'), 'model'):
        count = node[key]
        if classes is not None and count != len(classes):
            raise ValueError(f'{place}.{key} = {count!r}, but the training data have '
                             f'{len(classes)} classes: give {len(classes)}')
        weights = (node.get('loss_cls') or {}).get('class_weight')
        if key == 'num_things_classes' and isinstance(weights, (list, tuple)):
            wanted = count + node.get('num_stuff_classes', 0) + 1
            if len(weights) != wanted:
                raise ValueError(f'{place}.loss_cls.class_weight has {len(weights)} numbers: give '
                                 f'{wanted}, one for each class and one for no-object')


def _class_counts(node: Any, place: str) -> Iterator[Tuple[str, str, dict]]:
    """Places, keys and dicts of the numbers of classes in a model config."""
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    if not isinstance(node, dict):
        return
    for key in KEYS:
        if node.get(key) is not None:
            yield place, key, node
    for key, part in node.items():
        if key not in OTHER_CLASSES + NO_CLASSES:
            yield from _class_counts(part, f'{place}.{key}')


def set_num_classes(model: Any, num_classes: int) -> None:
    """Set the number of thing classes everywhere in a model config, in place.

    Covers ``num_classes``, ``num_things_classes``, ``num_stuff_classes`` (0: instances only) and
    the length of ``class_weight``, at any depth, so that Mask2Former heads, fusion heads, box and
    mask heads, and filters with a state per class agree.

    Args:
        model: config of a model, or a part of one.
        num_classes: number of classes, >= 1.

    Raises:
        ValueError: if class weights that differ from class to class would have to be guessed.
    """
    if isinstance(model, (list, tuple)):
        for part in model:
            set_num_classes(part, num_classes)
    if not isinstance(model, dict):
        return
    if isinstance(model.get('class_weight'), (list, tuple)):
        model['class_weight'] = resize_class_weight(model['class_weight'], num_classes)
    for key in KEYS:
        if isinstance(model.get(key), int):
            model[key] = num_classes
    if 'num_stuff_classes' in model:
        model['num_stuff_classes'] = 0
    for key, part in model.items():
        if key not in OTHER_CLASSES:
            set_num_classes(part, num_classes)


def resize_class_weight(weights: List[float], num_classes: int) -> List[float]:
    """Weights of K classes and of no-object, for another K.

    Args:
        weights: weights of the old classes, equal, then that of no-object.
        num_classes: the new K.

    Returns:
        K times the class weight, then the weight of no-object.

    Raises:
        ValueError: if the classes have different weights and their number changes.
    """
    if not weights:
        raise ValueError('class_weight is empty: leave it out, or give one number for each class '
                         'and one for no-object')
    *class_weights, no_object = weights
    if len(class_weights) == num_classes:
        return list(weights)
    if len(set(class_weights)) != 1:
        raise ValueError(
            f'class_weight has {len(class_weights)} different class weights, but data_set has '
            f'{num_classes} classes: give loss_cls.class_weight with {num_classes} numbers and '
            'one for no-object')
    return class_weights[:1] * num_classes + [no_object]
