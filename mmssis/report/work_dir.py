"""What a work directory holds of its run; nothing in it is changed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from mmssis.engine.resume import checkpoints_of
from mmssis.engine.run_origin import ORIGIN

Scalars = List[Dict[str, float]]
SCALARS = 'vis_data/scalars.json'


@dataclass(frozen=True)
class WorkDir:
    """A work directory as it is at one moment.

    Attributes:
        path: the folder.
        config: the resolved config that the run has written; None where there is none.
        scalars: logged numbers in the order of their steps, see :func:`read_scalars`.
        account: content of ``data.json``; None where there is none.
        origin: content of ``run.json``: command, base config, versions; None where there is none.
        checkpoint: the numbered checkpoint of the highest number; None before the first.
    """

    path: Path
    config: Optional[Path]
    scalars: Scalars
    account: Optional[Dict[str, Any]]
    origin: Optional[Dict[str, Any]]
    checkpoint: Optional[Path]


def read_work_dir(path: Path) -> WorkDir:
    """Read the small files of a work directory.

    Args:
        path: folder that a training has written.

    Returns:
        What is there.

    Raises:
        ValueError: if it is no such folder, or a file of it is damaged.
    """
    if not path.is_dir():
        raise ValueError(f'{path} is no folder: give the work directory of a training, or a folder '
                         'of pseudo labels')
    configs = sorted(path.glob('*.py'), key=lambda file: file.stat().st_mtime)
    scalars = read_scalars(path)
    if not configs and not scalars:
        raise ValueError(f'{path} holds neither the config of a training (*.py), nor '
                         f'*/{SCALARS}, nor pseudo_labels.json: give the work directory of a '
                         'training, or a folder of pseudo labels')
    checkpoints = checkpoints_of(path)
    return WorkDir(path, configs[-1] if configs else None, scalars, _json(path / 'data.json'),
                   _json(path / ORIGIN), checkpoints[0] if checkpoints else None)


def read_scalars(path: Path) -> Scalars:
    """Logged numbers of all starts of a run.

    Each start has a dated folder. One that was resumed goes on at an earlier step than the last
    logged one: what it logs takes the place of what was logged from that step on.

    Args:
        path: the work directory.

    Returns:
        One dict for each line of the logs, with ``step``.
    """
    records: Scalars = []
    for file in sorted(path.glob(f'*/{SCALARS}')):
        own = [line for text in file.read_text(encoding='utf-8').splitlines()
               if (line := _line(text)) is not None]
        if own:
            first = min(line['step'] for line in own)
            records = [line for line in records if line['step'] < first] + own
    return records


def signature(path: Path) -> Tuple:
    """What changes when a page has to be written again.

    Args:
        path: the work directory.

    Returns:
        Names, times and sizes of the files that the page is made of.
    """
    files = [*path.glob(f'*/{SCALARS}'), *path.glob('*.pth'), *path.glob('*.json'),
             *path.glob('*.py')]
    found = []
    for file in sorted(files):
        try:
            found.append((str(file), file.stat().st_mtime_ns, file.stat().st_size))
        except FileNotFoundError:  # A training deletes old checkpoints.
            continue
    return tuple(found)


def _line(text: str) -> Optional[Dict[str, float]]:
    """A line of a log; None for one that is being written."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and 'step' in line else None


def _json(path: Path) -> Optional[Dict[str, Any]]:
    """Content of a JSON file, or None where there is none."""
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is no valid JSON ({error}): move it away') from error
