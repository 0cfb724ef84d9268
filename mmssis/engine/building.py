"""Say which part of a config could not be built."""

from contextlib import contextmanager
from types import TracebackType
from typing import Any, Iterator, List, Optional

from mmengine.config import Config
from mmengine.registry import build_functions


@contextmanager
def naming_the_part(cfg: Config) -> Iterator[None]:
    """Name the part of a config whose class raised while it was built.

    Errors that come up after everything has been built pass, and so does a ValueError or OSError
    that names its key. The others become a ValueError whose message begins with the key; the
    original is its cause.

    Args:
        cfg: the config that a run is built from.

    Raises:
        ValueError: with the key, the type and the error of the part.
    """
    try:
        yield
    except Exception as error:
        parts = _parts(error.__traceback__)
        places = [place for part in parts if (place := _place(cfg._cfg_dict, part))]
        is_named = isinstance(error, (ValueError, OSError)) and any(
            f'{key}.' in str(error) for key in cfg)
        if not places or is_named:
            raise
        cause = str(error).partition('\n')[0]
        raise ValueError(f'{places[-1]} (type {parts[-1].get("type")}) could not be built: '
                         f'{type(error).__name__}: {cause}') from error


def _parts(trace: Optional[TracebackType]) -> List[dict]:
    """The configs of the parts that were being built, the outer ones first."""
    parts = []
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == build_functions.__file__:
            found = trace.tb_frame.f_locals.get('cfg')
            parts += [found] if isinstance(found, dict) and 'type' in found else []
        trace = trace.tb_next
    return parts


def _place(node: Any, part: dict, place: str = '') -> Optional[str]:
    """The key at which a part stands, the first if there are several; a class may have added keys.

    The keys that it has in the config must have the same values.
    """
    if isinstance(node, dict):
        if place and node.get('type') == part['type'] and all(
                key in part and _equal(part[key], value) for key, value in node.items()):
            return place
        node = node.items()
    elif isinstance(node, (list, tuple)):
        node = enumerate(node)
    else:
        return None
    found = (_place(child, part, f'{place}.{key}' if place else str(key)) for key, child in node)
    return next((each for each in found if each), None)


def _equal(first: Any, second: Any) -> bool:
    """Whether two settings are the same; arrays and the like compare by their text."""
    return repr(first) == repr(second)
