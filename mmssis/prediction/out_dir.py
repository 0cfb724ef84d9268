"""The folder of the results: no file of others is overwritten."""

import json
from pathlib import Path
from typing import Any, Dict

from mmssis.engine.atomic_backend import AtomicBackend

RESULTS = 'predictions.json'
UNFINISHED = 'predictions.unfinished.json'


def begin(out_dir: Path, made_from: Dict[str, Any]) -> None:
    """Take a folder that is new or empty, or one that the same command began to fill.

    Args:
        out_dir: the folder; it is made.
        made_from: what the results depend on; fit for JSON.

    Raises:
        ValueError: if there is something else in it.
    """
    mark = out_dir / UNFINISHED
    if (out_dir / RESULTS).exists():
        raise ValueError(f'{out_dir} holds the results of an earlier command ({RESULTS}): name '
                         'another folder with --out-dir')
    if out_dir.exists() and not out_dir.is_dir():
        raise ValueError(f'--out-dir {out_dir} is a file: name a folder')
    if mark.exists() and mark.read_text(encoding='utf-8') != _text(made_from):
        raise ValueError(f'{out_dir} holds what a command of another model or other images began '
                         f'({UNFINISHED}): start that one again, or name another folder with '
                         '--out-dir')
    if not mark.exists() and out_dir.exists() and any(out_dir.iterdir()):
        raise ValueError(f'{out_dir} holds other files, which pictures could overwrite: name a new '
                         'or empty folder with --out-dir')
    AtomicBackend().put_text(_text(made_from), mark)


def finish(out_dir: Path) -> None:
    """Take the mark of an unfinished folder away.

    Args:
        out_dir: the folder.
    """
    (out_dir / UNFINISHED).unlink()


def _text(made_from: Dict[str, Any]) -> str:
    """What is written into the mark."""
    return json.dumps(made_from, indent=2, sort_keys=True) + '\n'
