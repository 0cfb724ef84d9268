"""The size of images, written once in a config."""

from typing import Any, Callable, Collection, Dict, List, Optional, Tuple

from mmengine.config import Config

from .settings import check_range

KEYS = ('image_size', 'crop_size', 'scale_jitter')
# The one transform whose size is (height, width).
HEIGHT_FIRST = ('BatchFixedSizePad', 'mmdet.BatchFixedSizePad')
WORDS = dict(
    image_size='(width, height), for example image_size = (1024, 1024)',
    crop_size='(width, height), for example crop_size = (1024, 1024)',
    scale_jitter='(smallest, largest), for example scale_jitter = (0.1, 2.0)')


def apply_sizes(cfg: Config, stated: Collection[str] = KEYS) -> None:
    """Put numbers in place of the texts 'image_size', 'crop_size' and 'scale_jitter', in place.

    Pipelines and the preprocessor write the text as the value of ``scale``, ``crop_size``,
    ``size`` or ``ratio_range``; the config says the numbers once, in the key of that name. Sizes
    are (width, height). ``crop_size`` defaults to ``image_size``. The keys are taken out.

    Args:
        cfg: any config.
        stated: keys that must be read; those of a base file may be left without a place.

    Raises:
        ValueError: if a value is wrong, a key is missing, or no place asks for a stated one.
    """
    values = {key: _checked(key, cfg.pop(key, None)) for key in KEYS}
    given = {key for key in KEYS if values[key] is not None} & set(stated)
    used: List[str] = []
    if values['crop_size'] is None:
        values['crop_size'] = values['image_size']
        if values['image_size'] is not None and _count(cfg._cfg_dict, 'crop_size'):
            used.append('image_size')
    _replace(cfg._cfg_dict, _lookup(values, used))
    for key in KEYS:
        if key in given and key not in used:
            raise ValueError(f'{key} = {values[key]} is read by nothing: no transform of this '
                             f"config says '{key}'. Change the numbers of its transforms")


def _checked(key: str, value: Any) -> Optional[Tuple]:
    """The two numbers of a key; None where it is not given."""
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError(f'{key} = {value!r}: give {WORDS[key]}')
    for number in value:
        if key == 'scale_jitter':
            check_range(key, number, 0, open_low=True)
        else:
            check_range(key, number, 1, whole=True)
    if key == 'scale_jitter' and value[0] > value[1]:
        raise ValueError(f'{key} = {value!r}: give {WORDS[key]}')
    return tuple(value)


def _lookup(values: Dict[str, Optional[Tuple]], used: List[str]) -> Callable[[str, str], Tuple]:
    """What stands for a text; notes which were used."""

    def numbers(key: str, place: str) -> Tuple:
        if values[key] is None:
            raise ValueError(f'{place} says {key!r}, but the config has no {key}: give '
                             f'{WORDS[key]}')
        used.append(key)
        return values[key]

    return numbers


def _replace(node: Any, numbers: Callable[[str, str], Tuple], place: str = '') -> None:
    """Replace the texts in nested dicts and lists, in place."""
    items = list(node.items() if isinstance(node, dict) else enumerate(node))
    for key, value in items:
        child = f'{place}.{key}' if place else str(key)
        if child in ('data_set', 'supervised'):
            continue
        if isinstance(value, tuple):
            value = node[key] = list(value) if _has_text(value) else value
        if isinstance(value, str) and value in KEYS:
            pair = numbers(value, child)
            swapped = isinstance(node, dict) and node.get('type') in HEIGHT_FIRST
            node[key] = pair[::-1] if swapped else pair
        elif isinstance(value, (dict, list)):
            _replace(value, numbers, child)


def _count(node: Any, text: str) -> int:
    """How often a text is a value in nested dicts and lists."""
    children = node.values() if isinstance(node, dict) else node
    return sum(_count(child, text) if isinstance(child, (dict, list, tuple))
               else isinstance(child, str) and child == text for child in children)


def _has_text(value: Any) -> bool:
    """Whether a tuple holds a text or a dict, at any depth."""
    if isinstance(value, (list, tuple)):
        return any(map(_has_text, value))
    return isinstance(value, dict) or (isinstance(value, str) and value in KEYS)
