"""The nearest key that is read."""

from difflib import SequenceMatcher, get_close_matches
from typing import Iterable, List, Optional


def nearest_name(name: str, names: Iterable[str]) -> Optional[str]:
    """The most similar name, or None if none is similar."""
    return next(iter(get_close_matches(name, list(names), n=1)), None)


def nearest_path(path: str, paths: Iterable[str]) -> Optional[str]:
    """The dotted key that was probably meant.

    Args:
        path: a dotted key that nothing reads.
        paths: the dotted keys that are read.

    Returns:
        The key that shares most names with the end of ``path``; without one, a key with a similar
        last name; among equals the most similar. None if none is similar.
    """
    paths = list(paths)
    shared = [(_common_end(path, other), other) for other in paths]
    most = max((count for count, _ in shared), default=0)
    if most:
        return _most_similar(path, [other for count, other in shared if count == most])
    last = nearest_name(_last(path), {_last(other) for other in paths})
    return last and _most_similar(path, [other for other in paths if _last(other) == last])


def _common_end(path: str, other: str) -> int:
    """How many names two dotted keys share at their ends."""
    count = 0
    for name, other_name in zip(reversed(path.split('.')), reversed(other.split('.'))):
        if name != other_name:
            break
        count += 1
    return count


def _most_similar(path: str, paths: List[str]) -> str:
    """The most similar of some keys; the first, and so the outermost, among equals."""
    return max(paths, key=lambda other: SequenceMatcher(None, path, other).ratio())


def _last(path: str) -> str:
    """The last name of a dotted key."""
    return path.rpartition('.')[2]
