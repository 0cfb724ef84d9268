"""Which file of a config says what."""

import ast
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Union

from mmengine.config import Config
from mmengine.fileio import load

from .keys import OWN_KEYS, RUNNER_KEYS
from .options import Options, nearest_key


class ConfigFile(NamedTuple):
    """One file of a config.

    Attributes:
        path: where it is.
        values: its top-level variables; the expression of each, None in JSON and YAML.
        loads: names that it uses.
        base_loads: names that it uses of its base files.
        bases: its base files.
    """

    path: Path
    values: Dict[str, Optional[ast.expr]]
    loads: Set[str]
    base_loads: Set[str]
    bases: List[str]


def config_files(path: Union[str, Path]) -> List[ConfigFile]:
    """The files of a config, each before its bases; those of other packages are left out."""
    return [] if Config._is_lazy_import(str(path)) else list(_chain(str(path)))


def check_files(files: List[ConfigFile], cfg: Config) -> None:
    """Refuse variables of the config's files that nothing reads.

    A variable is read if mmengine, mmdet or mmssis reads a key of that name, if its own file uses
    it, or another file of the config does, as ``_base_.name``. Files in a folder ``_base_`` may
    offer variables to other configs too, and are not judged; nor are those of mmdet, and one that
    mmengine has written out for a plain mmdet model.

    Args:
        files: from :func:`config_files`.
        cfg: what was read from it.

    Raises:
        ValueError: with the first such variable, its file, and the nearest key that is read.
    """
    of_base = set().union(*(file.base_loads for file in files))
    for file in files:
        is_library = file.path.parent.parent.name == '_base_' or file.path.parent.name == '_base_'
        if is_library or (_is_written_out(file) and not set(OWN_KEYS) & set(file.values)):
            continue
        for name in file.values:
            if not (name in OWN_KEYS or name in RUNNER_KEYS or name in file.loads
                    or name in of_base):
                near = nearest_key(name, cfg)
                hint = f': did you mean `{near}`?' if near else '; take it out'
                raise ValueError(f'`{name}` is read by nothing ({file.path}){hint}')


def stated_keys(files: List[ConfigFile], options: Options) -> Set[str]:
    """Keys that the config file itself or the command line sets, to be read by mmssis."""
    own = {name for file in files[:1] for name in file.values if name not in file.loads}
    return own | {option.partition('.')[0] for option in options.values}


def drop_helpers(cfg: Config) -> None:
    """Take out the variables that only help to write a config, in place."""
    for name in [name for name in cfg if name not in OWN_KEYS and name not in RUNNER_KEYS]:
        cfg.pop(name)


def start_data_set_afresh(files: List[ConfigFile], cfg: Config) -> None:
    """Take out of ``data_set`` what belongs to the data of a base file, in place.

    mmengine merges dicts; a ``data_set`` with a ``root`` describes other data, so nothing of the
    base file's ``data_set`` is kept: neither its classes nor its hidden labels.

    Args:
        files: from :func:`config_files`.
        cfg: what was read from it.
    """
    spec = cfg.get('data_set')
    if not isinstance(spec, dict):
        return
    kept: Dict[str, Optional[Set[str]]] = {}
    for file in files:
        keys = _literal(file.values.get('data_set'))
        if keys is None and 'data_set' in file.values:
            return  # Not a plain dict: it says itself what it takes over.
        for key, value in (keys or {}).items():
            names = _literal(value)
            if key not in kept:
                kept[key] = None if names is None else set(names)
            elif kept[key] is not None and names is not None:
                kept[key] |= set(names)
        if 'root' in (keys or {}):
            break
    else:
        return
    for key in list(spec):
        if key not in kept:
            del spec[key]
        elif isinstance(spec[key], dict) and kept[key] is not None:
            for name in set(spec[key]) - kept[key]:
                del spec[key][name]


def settle_lengths(files: List[ConfigFile], cfg: Config) -> None:
    """Let the file nearest to the user say how long the run is, in place.

    A ``schedule.max_iters`` also counts for the supervised baseline, whose length a base file may
    have set.

    Args:
        files: from :func:`config_files`.
        cfg: what was read from it.

    Raises:
        ValueError: if a file sets a number that the ``schedule`` of a base file overwrites.
    """
    for key, part, name in (('max_iters', 'train_cfg', 'max_iters'),
                            ('val_interval', 'train_cfg', 'val_interval'),
                            ('burn_in', 'model', 'burn_in')):
        if key in (cfg.get('schedule') or {}):
            _refuse_overwritten(files, key, part, name)
    for file in files:
        if 'supervised' in file.values:
            return
        if 'max_iters' in _keys(file, 'schedule'):
            lengths = (cfg.get('supervised') or {}).get('schedule') or {}
            lengths.pop('max_iters', None)
            return


def _refuse_overwritten(files: List[ConfigFile], key: str, part: str, name: str) -> None:
    """Refuse a number in a file that stands nearer than the ``schedule`` that overwrites it."""
    for file in files:
        if key in _keys(file, 'schedule'):
            return
        if name in _keys(file, part):
            raise ValueError(f'{part}.{name} of {file.path} is overwritten by schedule.{key} of a '
                             f'base file: set schedule = dict({key}=...) instead')


def _keys(file: ConfigFile, name: str) -> Dict[str, ast.expr]:
    """Keys of a dict that a file writes out; none where it is no plain dict."""
    return _literal(file.values.get(name)) or {}


def _chain(path: str) -> Iterator[ConfigFile]:
    """A file and its bases."""
    path = str(Path(path).absolute())
    import mmdet
    if Path(mmdet.__file__).parent in Path(path).resolve().parents:
        return
    file = _read(path)
    yield file
    for base in file.bases:
        if base.partition('::')[0] == 'mmssis' or '::' not in base:
            yield from _chain(Config._get_cfg_path(base, path)[0])


def _read(path: str) -> ConfigFile:
    """Names that a file sets and uses."""
    bases = Config._get_base_files(path)
    if not path.endswith('.py'):
        names = [name for name in load(path) if name != '_base_']
        return ConfigFile(Path(path), dict.fromkeys(names), set(), set(), bases)
    tree = ast.parse(Path(path).read_text(encoding='utf-8'))
    values: Dict[str, Optional[ast.expr]] = {}
    for statement in _statements(tree.body):
        for target in _targets(statement):
            values[target.id] = statement.value if target in getattr(
                statement, 'targets', [getattr(statement, 'target', None)]) else None
    loads = {node.id for node in ast.walk(tree)
             if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    base_loads = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
                  and isinstance(node.value, ast.Name) and node.value.id == '_base_'}
    return ConfigFile(Path(path), values, loads, base_loads, bases)


def _statements(body: List[ast.stmt]) -> Iterator[ast.stmt]:
    """Assignments of a file, those under a condition included."""
    for statement in body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            yield statement
        elif isinstance(statement, ast.If):
            yield from _statements([*statement.body, *statement.orelse])


def _targets(statement: ast.stmt) -> Iterator[ast.Name]:
    """Variables that an assignment sets; names with an underscore in front are private."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                if not node.id.startswith('_'):
                    yield node


def _literal(value: Optional[ast.expr]) -> Optional[Dict[str, ast.expr]]:
    """Keys and expressions of ``dict(a=...)`` or ``{'a': ...}``; None for anything else."""
    if isinstance(value, ast.Call) and getattr(value.func, 'id', '') == 'dict' and not value.args:
        if all(keyword.arg for keyword in value.keywords):
            return {keyword.arg: keyword.value for keyword in value.keywords}
    if isinstance(value, ast.Dict) and all(isinstance(key, ast.Constant) for key in value.keys):
        return {key.value: child for key, child in zip(value.keys, value.values)}
    return None


def _is_written_out(file: ConfigFile) -> bool:
    """Whether a file is one that mmengine has dumped: no bases, no variables."""
    return not file.bases and not file.loads - {'dict', 'True', 'False', 'None'}
