"""The number of classes, wherever a model config repeats it."""

from typing import Any, List

# A backbone's own class count belongs to its ImageNet head, a classifier's to its weights.
OTHER_CLASSES = ('backbone', 'classifier')


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
    for key in ('num_classes', 'num_things_classes'):
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
    *class_weights, no_object = weights
    if len(class_weights) == num_classes:
        return list(weights)
    if len(set(class_weights)) != 1:
        raise ValueError(
            f'class_weight has {len(class_weights)} different class weights, but data_set has '
            f'{num_classes} classes: give loss_cls.class_weight with {num_classes} numbers and '
            'one for no-object')
    return class_weights[:1] * num_classes + [no_object]
