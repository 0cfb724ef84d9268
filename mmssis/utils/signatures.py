"""Every dict of a config with a ``type``, checked against the signature of its class."""

import inspect
import math
import re
import typing
from collections.abc import Mapping, Sequence
from functools import lru_cache
from numbers import Real
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Set, Tuple, Union

import msgspec
import numpy as np
from mmengine.config import Config

from .nearest import nearest_name
from .registered import find_types, registered_names

# Keys that mmengine, mmcv or mmdet take out before the class is built.
MARKS = ('type', '_scope_', '_delete_')
TAKEN_OUT = {
    'default_hooks': ('priority', ),
    'custom_hooks': ('priority', ),
    'optim_wrapper': ('constructor', 'paramwise_cfg'),
    'param_scheduler': ('convert_to_iter_based', ),
    'norm_cfg': ('requires_grad', ),
    'conv_cfg': ('fallback_on_stride', ),
    'dcn': ('fallback_on_stride', ),
    'plugins': ('postfix', ),
    'upsample_cfg': ('scale_factor', 'upsample_kernel'),
    'loss_cls': ('bg_cls_weight', ),
    'nms': ('class_agnostic', 'max_num', 'split_thr'),
    'pseudo_label_hooks': ('only', 'before'),
    'rpn_head': ('num_classes', ),
}
# mmcv looks these types up in its operators.
OPERATORS = ('nms', 'roi_layer')
# Deeper inside a model, classes build what they call a type in ways of their own.
PARTS = r'model\.((detector|candidates|pseudo_label_hooks\.[^.]*)\.)?type'
# Weight initialisation and transforms of albumentations have rules of their own.
UNCHECKED = ('init_cfg', 'override')
UNCHECKED_TYPES = ('Albu', )
# What the annotations are made of that values are compared with.
PLAIN = (int, float, bool, str, type(None), dict, list, tuple, Any)
CONTAINERS = (list, tuple, dict, Sequence, Mapping)


class Parameters(NamedTuple):
    """What a class takes.

    Attributes:
        annotations: by name; ``inspect.Parameter.empty`` where there is none.
        defaults: by name, likewise.
        own: names that a class of mmssis declares; their annotations are exact.
        is_open: whether any other name is taken too.
    """

    annotations: Dict[str, Any]
    defaults: Dict[str, Any]
    own: Set[str]
    is_open: bool


def check_signatures(cfg: Config) -> None:
    """Refuse settings that the class of their dict does not take, and texts or None for numbers.

    Args:
        cfg: any config.

    Raises:
        ValueError: with the key and the nearest parameter or type.
    """
    constructor = (cfg.get('optim_wrapper') or {}).get('constructor')
    if constructor is not None:
        check_type('optim_wrapper.constructor', constructor)
    for place, node in _typed_dicts(cfg._cfg_dict):
        check_type(f'{place}.type', node['type'])
        found = [parameters_of(cls, node.get('resize_type')) for cls in find_types(node['type'])]
        if found:
            _check_keys(place, node, found)
            _check_values(place, node, found)


def check_type(place: str, kind: Any) -> None:
    """Refuse a type that no registry knows.

    Args:
        place: key of the type.
        kind: the type.

    Raises:
        ValueError: with the nearest type.
    """
    if find_types(kind) or place.split('.')[-2] in OPERATORS or (
            place.startswith('model.') and not re.fullmatch(PARTS, place)):
        return
    near = nearest_name(str(kind).rpartition('.')[2], registered_names())
    hint = f': did you mean {near!r}?' if near else (
        ': name a registered class; custom_imports imports the module of one of yours')
    raise ValueError(f'{place} = {kind!r} is no class that is known here{hint}')


def accepts(node: Dict[str, Any], name: str) -> bool:
    """Whether the class of a dict with a ``type`` takes a setting; False for unknown classes."""
    found = [parameters_of(cls, node.get('resize_type')) for cls in find_types(node.get('type'))]
    return any(name in each.annotations for each in found)


def parameter_names(node: Dict[str, Any]) -> Tuple[str, ...]:
    """All settings that the class of a dict with a ``type`` takes."""
    found = [parameters_of(cls, node.get('resize_type')) for cls in find_types(node.get('type'))]
    return tuple(name for each in found for name in each.annotations)


@lru_cache(maxsize=None)
def parameters_of(cls: Callable, resize_type: Optional[str] = None) -> Parameters:
    """Parameters of a class, along its bases as long as they hand on ``**kwargs``.

    Args:
        cls: class or function.
        resize_type: of a transform that hands ``**kwargs`` on to this transform.
    """
    annotations: Dict[str, Any] = {}
    defaults: Dict[str, Any] = {}
    own: Set[str] = set()
    owners = [owner for owner in getattr(cls, '__mro__', ()) if '__init__' in vars(owner)] or [cls]
    is_open = True
    for owner in owners:
        if owner is object or not is_open:
            break
        known = set(annotations)
        is_open = _add_parameters(owner, annotations, defaults)
        if owner.__module__.startswith('mmssis.'):
            own |= set(annotations) - known
    if is_open and 'resize_type' in annotations:
        for other in find_types(resize_type or defaults['resize_type']):
            handed_on = parameters_of(other)
            annotations.update({**handed_on.annotations, **annotations})
            defaults.update({**handed_on.defaults, **defaults})
            is_open = False
    if cls.__name__ == 'CheckpointHook':
        from mmengine.runner import Runner
        _add_parameters(Runner.save_checkpoint, annotations, defaults)
        is_open = False
    return Parameters(annotations, defaults, own, is_open)


def _add_parameters(owner: Callable, annotations: Dict[str, Any], defaults: Dict[str, Any]) -> bool:
    """Add the parameters of one class or function; returns whether it takes ``**kwargs``."""
    function = vars(owner)['__init__'] if inspect.isclass(owner) else owner
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return True
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # Hints of others may name what is not imported.
        hints = {}
    empty = inspect.Parameter.empty
    for parameter in parameters[inspect.isclass(owner):]:
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        annotations.setdefault(parameter.name, hints.get(parameter.name, empty))
        defaults.setdefault(parameter.name, parameter.default)
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def _typed_dicts(node: Any, place: str = '') -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Dicts with a ``type`` and their keys, the outer ones first."""
    if isinstance(node, dict):
        if 'type' in node and place:
            yield place, node
            if node['type'] in UNCHECKED_TYPES:
                return
    if not isinstance(node, (dict, list, tuple)):
        return
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        if key not in UNCHECKED and not (key == 'supervised' and not place):
            yield from _typed_dicts(child, f'{place}.{key}' if place else str(key))


def _check_keys(place: str, node: Dict[str, Any], found: list) -> None:
    """Refuse a key that no class of this type takes."""
    if any(each.is_open for each in found):
        return
    extra = {name for part in place.split('.') for name in TAKEN_OUT.get(part, ())}
    known = [name for each in found for name in each.annotations]
    for key in node:
        if key not in known and key not in MARKS and key not in extra:
            near = nearest_name(key, known)
            hint = f': did you mean `{place}.{near}`?' if near else f': it takes {", ".join(known)}'
            raise ValueError(f'`{place}.{key}` is read by nothing, {_name(node["type"])} does not '
                             f'take it{hint}')


def _check_values(place: str, node: Dict[str, Any], found: list) -> None:
    """Refuse texts and None for numbers; of our own classes, whatever the annotation excludes."""
    if len(found) != 1:
        return
    for key, value in node.items():
        annotation = found[0].annotations.get(key)
        if value is None and found[0].defaults.get(key, 0) is None:
            continue
        kinds = _numbers_only(annotation)
        allowed = (*kinds, type(found[0].defaults.get(key)))
        is_wrong = kinds and not (
            type(value) in allowed or (isinstance(value, Real) and not isinstance(value, bool))
            or _is_vector(value))
        if is_wrong or (key in found[0].own and not _fits(value, annotation)):
            raise ValueError(f'{place}.{key} = {value!r}: give '
                             + (_words(kinds) if kinds else _spelled(annotation)))


def _is_vector(value: Any) -> bool:
    """Several numbers, which mmdet takes here and there where its annotation says one."""
    return isinstance(value, (list, tuple)) and len(value) > 1 and all(
        isinstance(child, Real) for child in value)


def _fits(value: Any, annotation: Any) -> bool:
    """Whether a value is of the kind that an annotation asks for; True where it cannot be told."""
    if not _is_plain(annotation):
        return True
    if _is_union(annotation):
        return any(_fits(value, child) for child in typing.get_args(annotation))
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        return False
    try:
        msgspec.convert(value, annotation)
    except msgspec.ValidationError:
        return False
    return True


def _is_plain(annotation: Any) -> bool:
    """Whether an annotation is made of numbers, texts, lists and dicts alone."""
    if annotation is inspect.Parameter.empty:
        return False
    origin = typing.get_origin(annotation)
    if origin is None:
        return annotation in PLAIN
    return (_is_union(annotation) or origin in CONTAINERS) and all(
        child is Ellipsis or _is_plain(child) for child in typing.get_args(annotation))


def _numbers_only(annotation: Any) -> Tuple[type, ...]:
    """The kinds of numbers that an annotation allows; () if it allows anything else."""
    kinds = typing.get_args(annotation) if _is_union(annotation) else (annotation, )
    allowed = (int, float, bool, type(None))
    is_numeric = all(kind in allowed for kind in kinds) and set(kinds) != {type(None)}
    return tuple(kinds) if is_numeric else ()


def _is_union(annotation: Any) -> bool:
    """Whether an annotation is a Union or an Optional."""
    origin = typing.get_origin(annotation)
    return origin is Union or type(annotation).__name__ == 'UnionType'


def _spelled(annotation: Any) -> str:
    """An annotation as a signature spells it."""
    return re.sub(r'(?:typing|collections\.abc)\.', '', str(annotation))


def _words(kinds: Tuple[type, ...]) -> str:
    """What may be given, in words."""
    names = {float: 'a number', int: 'a whole number', bool: 'True or False', type(None): 'None'}
    if float in kinds:
        kinds = tuple(kind for kind in kinds if kind is not int)
    return ' or '.join(names[kind] for kind in kinds)


def _name(kind: Any) -> str:
    """Name of a type."""
    return kind if isinstance(kind, str) else getattr(kind, '__name__', str(kind))
