"""What the tests of the shipped configs share."""

import inspect
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List

from mmengine.config import Config

from mmssis.utils import load_config

CONFIGS = Path(__file__).parents[2] / 'configs'
COCO_CLASSES = 80
SHIPPED = [path for path in sorted(CONFIGS.rglob('*.py')) if '_base_' not in path.parts]
OFFLINE = [path for path in SHIPPED if 'noisy_boundaries' in path.parts]
"""Plain detectors, trained on labels of a teacher that were made before."""
BOXES = [path for path in SHIPPED
         if 'box_teacher' in path.parts or path.name.startswith('condinst_lite0')]
"""CondInst with labels of several kinds: boxes, masks, nothing."""


def name_of(path: Path) -> str:
    return path.relative_to(CONFIGS).as_posix()


@lru_cache(maxsize=None)
def loaded(path: Path) -> Config:
    return load_config(path, check_data=False)


def docstring(path: Path) -> str:
    text = path.read_text()
    assert text.startswith('"""'), f'{path.name} has no docstring'
    return text.split('"""')[1]


def distinct(values: Iterator[Any]) -> List[Any]:
    """Each of equal configs once."""
    return list({json.dumps(value, sort_keys=True, default=str): value for value in values}
                .values())


def found(node: Any, key: str) -> Iterator[Any]:
    """All values under a key, at any depth."""
    if isinstance(node, dict):
        if key in node:
            yield node[key]
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from found(child, key)


def accepts(registry: Any, cfg: Dict) -> bool:
    """Whether a registered class exists and takes these settings."""
    settings = {key: value for key, value in cfg.items() if key not in ('type', '_scope_')}
    component = registry.get(cfg['type'])
    assert component is not None, f'{cfg["type"]} is not registered'
    parameters = inspect.signature(component).parameters
    free = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    return free or set(settings) <= set(parameters)
