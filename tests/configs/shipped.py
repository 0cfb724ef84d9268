"""What the tests of the shipped configs share."""

import copy
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional
from unittest.mock import patch

import mmengine.config.config as mmengine_config
import yaml
from mmengine.config import Config

from mmssis.utils import load_config

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / 'configs'
SHIPPED = [path for path in sorted(CONFIGS.rglob('*.py')) if '_base_' not in path.parts]
METAFILES = {path.parent.name: yaml.safe_load(path.read_text())
             for path in sorted(CONFIGS.glob('*/metafile.yml'))}
ALL_ROWS = {f'{folder}: {row["Name"]}': row
            for folder, content in METAFILES.items() for row in content['Rows']}
ROWS = {name: row for name, row in ALL_ROWS.items() if 'Config' in row}
# Rows of the papers' tables that cannot be run here, with the reason.
MISSING = {name: row for name, row in ALL_ROWS.items() if 'Missing' in row}
# The data of a user, which the configs of own_data leave open.
MINE = {f'data_set.{key}': value for key, value in dict(
    root='data/mine', classes=('cat', 'dog'), labeled='labeled.json', unlabeled='images',
    val='val.json').items()}
_parsed = lru_cache(maxsize=None)(Config.fromfile)
# MMEngine reads all metafiles of mmdet for every `mmdet::` in a `_base_`.
_looked_up = lru_cache(maxsize=None)(mmengine_config._get_external_cfg_path)


def name_of(path: Path) -> str:
    return path.relative_to(CONFIGS).as_posix()


def loaded(path: Path, options: Optional[Dict[str, Any]] = None,
           supervised: bool = False) -> Config:
    """A config as a run has it; each file is read once."""
    own = MINE if 'own_data' in path.parts else {}
    return _loaded(path, json.dumps({**own, **(options or {})}), supervised)


@lru_cache(maxsize=None)
def _loaded(path: Path, options: str, supervised: bool) -> Config:
    with patch.object(Config, 'fromfile', lambda path: copy.deepcopy(_parsed(path))), \
            patch.object(mmengine_config, '_get_external_cfg_path', _looked_up):
        return load_config(path, json.loads(options), check_data=False, supervised=supervised)


def run_of(row: str) -> Config:
    """The run of a metafile's row, named 'folder: Name'."""
    config, options, supervised = map(ROWS[row].get, ('Config', 'Options', 'Supervised'))
    return loaded(ROOT / config, options, bool(supervised))


@lru_cache(maxsize=None)
def every_run() -> Dict[str, Config]:
    """All configs and all rows of all metafiles, resolved."""
    return {**{name_of(path): loaded(path) for path in SHIPPED},
            **{name: run_of(name) for name in ROWS}}


def docstring(path: Path) -> str:
    text = path.read_text()
    assert text.startswith('"""'), f'{path.name} has no docstring'
    return text.split('"""')[1]


def distinct(values: Iterable[Any]) -> List[Any]:
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
