"""Keys of dicts without a ``type`` that are misspelt: no class says which ones it takes."""

from itertools import combinations
from os.path import commonprefix
from typing import Any

from mmengine.config import Config

# Dicts whose keys are names of modules or of things.
FREE = ('custom_keys', 'pseudo_label_hooks', 'default_hooks', 'class_map')


def check_misspelt(cfg: Config) -> None:
    """Refuse a key beside one that it was probably meant for.

    mmengine merges a file into its base: what it misspells stands beside the base's key.

    Args:
        cfg: any config.

    Raises:
        ValueError: with both keys.
    """
    _check(cfg._cfg_dict, '')


def _check(node: Any, place: str) -> None:
    """Check a dict or list and what is in it."""
    if isinstance(node, dict) and 'type' not in node and place.rpartition('.')[2] not in FREE:
        for first, second in combinations(map(str, node), 2):
            if _is_one_slip(first, second):
                raise ValueError(f'{place}.{second} stands beside {place}.{first}: take out the '
                                 'one that is misspelt')
    children = node.items() if isinstance(node, dict) else (
        enumerate(node) if isinstance(node, (list, tuple)) else ())
    for key, child in children:
        if isinstance(child, (dict, list, tuple)):
            _check(child, f'{place}.{key}' if place else str(key))


def _is_one_slip(first: str, second: str) -> bool:
    """Whether a letter more, another letter, or two in the wrong order make one of the other.

    Numbers differ on purpose, as in stage1 and stage2, and so do first letters and short names.
    """
    start = len(commonprefix([first, second]))
    first, second = first[start:], second[start:]
    end = len(commonprefix([first[::-1], second[::-1]]))
    odd = (first[:len(first) - end], second[:len(second) - end])
    return start > 0 and start + end > 2 and not ''.join(odd).isdigit() and (
        max(map(len, odd)) < 2 or (len(odd[0]) == 2 and odd[0] == odd[1][::-1]))
