"""Read the files of a config; what is wrong with one is said with its name and line."""

import ast
import traceback
from pathlib import Path
from typing import Any, List, Tuple, Union

from mmengine.config import Config

from .nearest import nearest_name

ENDINGS = ('.py', '.json', '.yaml', '.yml')
SHIPPED = Path(__file__).parents[1] / '.mim' / 'configs'


def config_path(path: Union[str, Path]) -> str:
    """The file that a config's name stands for.

    Args:
        path: a path, or the name of a config that mmssis ships: ``mmssis::pldc/....py``.

    Returns:
        The path.

    Raises:
        FileNotFoundError: if mmssis ships no such config; with the nearest name.
    """
    package, separator, name = str(path).partition('::')
    if package != 'mmssis' or not separator:
        return str(path)
    if not (SHIPPED / name).is_file():
        raise FileNotFoundError(f'mmssis ships no config {name!r}{_nearest_shipped(name)}')
    return str((SHIPPED / name).absolute())


def read_config(path: Union[str, Path]) -> Config:
    """Read a config with its base files.

    Args:
        path: the config file.

    Returns:
        What mmengine makes of it.

    Raises:
        ValueError: if a file is no config, or fails when it is run; with its name and line.
        FileNotFoundError: if the file or one of its bases is not there.
    """
    path = str(Path(path).absolute())
    if not Path(path).is_file() or Path(path).suffix not in ENDINGS:
        raise FileNotFoundError(f'{path} is no config file: give one that ends in '
                                f'{", ".join(ENDINGS)}')
    chain = _check_files(path, ())
    try:
        cfg = Config.fromfile(path)
    except Exception as error:
        lines = [f'{frame.filename}, line {frame.lineno}: ' for frame in
                 traceback.extract_tb(error.__traceback__) if frame.filename in chain]
        place = lines[-1] if lines else f'{path}: '
        raise ValueError(f'{place}{type(error).__name__}: {error}') from error
    if 'model' not in cfg and 'data_set' not in cfg:
        raise ValueError(f"{path}: the config has no `model`: begin with _base_ = "
                         "'mmssis::pldc/mask2former_r50_coco10pct.py', for example")
    return cfg


def _check_files(path: str, heirs: Tuple[str, ...]) -> List[str]:
    """Refuse a file that cannot be parsed, a base that is not there, and a chain without an end.

    Args:
        path: a file of the config.
        heirs: the files that led to it.

    Returns:
        The file, its bases and theirs; files of other packages are left out.
    """
    if path in heirs:
        raise ValueError(f'{heirs[-1]}: _base_ leads back to {path}, so the config inherits from '
                         'itself: name another file')
    chain = [path]
    for base in _bases(path):
        if isinstance(base, str) and '::' in base and not base.startswith('mmssis::'):
            continue
        chain += _check_files(_find(base, path), (*heirs, path))
    return chain


def _bases(path: str) -> List[Any]:
    """What a file names as its bases."""
    try:
        if path.endswith('.py'):
            # mmengine's {{$NAME:default}} is none of Python's; without the $ it is a set.
            ast.parse(Path(path).read_text(encoding='utf-8').replace('{{$', '{{'))
            if Config._is_lazy_import(path):
                return []
        return Config._get_base_files(path)
    except SyntaxError as error:
        if '{{$' in Path(path).read_text(encoding='utf-8'):
            return []
        raise ValueError(f'{path}, line {error.lineno}: {error.msg}: '
                         f'{(error.text or "").strip()}') from error
    except Exception as error:
        raise ValueError(f'{path} cannot be read as a config: {type(error).__name__}: {error}'
                         ) from error


def _find(base: Any, path: str) -> str:
    """The file that a base stands for."""
    if not isinstance(base, str):
        raise ValueError(f'{path}: _base_ = {base!r}: give the path of a config, or a list of them')
    name = base.partition('::')[2]
    found = SHIPPED / name if name else Path(path).parent / base
    if found.is_file():
        return str(found.absolute())
    hint = name and _nearest_shipped(name) or f': looked for {found}'
    raise FileNotFoundError(f'{path}: _base_ = {base!r} is not there{hint}')


def _nearest_shipped(name: str) -> str:
    """A question after the config that was meant; empty if none is near."""
    near = nearest_name(name, (str(file.relative_to(SHIPPED)) for file in SHIPPED.glob('*/*.py')))
    return f': did you mean mmssis::{near}?' if near else ''
