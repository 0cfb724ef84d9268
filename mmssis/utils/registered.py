"""Find the class that a config names by ``type``."""

from functools import lru_cache
from typing import Any, Callable, Iterator, List, Tuple

import mmdet.registry

REGISTRIES = (
    'MODELS', 'DATASETS', 'TRANSFORMS', 'HOOKS', 'METRICS', 'EVALUATOR', 'LOOPS', 'OPTIMIZERS',
    'OPTIM_WRAPPERS', 'OPTIM_WRAPPER_CONSTRUCTORS', 'PARAM_SCHEDULERS', 'DATA_SAMPLERS',
    'VISUALIZERS', 'VISBACKENDS', 'TASK_UTILS', 'LOG_PROCESSORS', 'RUNNERS', 'MODEL_WRAPPERS')


def find_types(kind: Any) -> Tuple[Callable, ...]:
    """Classes or functions that a ``type`` may name.

    Args:
        kind: a name, with or without a scope, or a class.

    Returns:
        One class as a rule; several where registries use a name twice; none if it is unknown.
    """
    if callable(kind):
        return (kind, )
    return _registered(kind) if isinstance(kind, str) else ()


def registered_names() -> Iterator[str]:
    """Names of the classes in mmdet's registries and those that they fall back to."""
    for name in REGISTRIES:
        registry = getattr(mmdet.registry, name, None)
        while registry is not None:
            yield from registry.module_dict
            registry = registry.parent


@lru_cache(maxsize=None)
def _registered(name: str) -> Tuple[Callable, ...]:
    """Classes with a name in any registry of mmdet."""
    found: List[Callable] = []
    for registry_name in REGISTRIES:
        registry = getattr(mmdet.registry, registry_name, None)
        if registry is None:
            continue
        try:
            cls = registry.get(name)
        except Exception:  # A package that is not installed.
            cls = None
        if callable(cls) and cls not in found:
            found.append(cls)
    return tuple(found)
