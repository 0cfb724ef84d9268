"""What the detections of a folder were made from, so that a run goes on only with its like."""

import json
from pathlib import Path
from typing import Any, Optional

from mmssis.engine.atomic_backend import AtomicBackend

from .shards import Folder, shards_of

HEADER = 'generation.json'


def write_header(folder: Folder, fingerprint: dict[str, Any]) -> None:
    """Note what the detections of a folder were made from.

    Args:
        folder: folder of the shards; it is made.
        fingerprint: all that must stay the same while a run is resumed; fit for JSON.
    """
    text = json.dumps(fingerprint, indent=2, sort_keys=True, allow_nan=False)
    AtomicBackend().put_text(text + '\n', Path(folder) / HEADER)


def read_header(folder: Folder) -> Optional[dict[str, Any]]:
    """The fingerprint of a folder; None where no run has begun.

    Raises:
        ValueError: if there are shards without a header, or the header is no JSON.
    """
    path = Path(folder) / HEADER
    if not path.exists():
        if shards_of(folder):
            raise ValueError(f'{folder} holds shards but no {HEADER}, so nobody knows what made '
                             'them. Bring it back, or use another folder.')
        return None
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is no valid JSON: {error}. Bring it back, or use another '
                         'folder.') from error


def check_header(folder: Folder, fingerprint: dict[str, Any]) -> bool:
    """Make sure that a run may add to a folder.

    Args:
        folder: folder of the shards.
        fingerprint: as for :func:`write_header`.

    Returns:
        Whether there is a header; False says that a new run begins.

    Raises:
        ValueError: if a value of the header differs; all differing keys are named.
    """
    known = read_header(folder)
    if known is None:
        return False
    wanted = json.loads(json.dumps(fingerprint))
    differing = [f'{key}: {_shown(known, key)} there, {_shown(wanted, key)} now'
                 for key in sorted({*known, *wanted}) if _shown(known, key) != _shown(wanted, key)]
    if differing:
        raise ValueError(f'{Path(folder) / HEADER} was begun with other settings ('
                         f'{"; ".join(differing)}). Restore them to go on, or give another folder.')
    return True


def _shown(fingerprint: dict[str, Any], key: str) -> str:
    """A value of a fingerprint in words."""
    return json.dumps(fingerprint[key], sort_keys=True) if key in fingerprint else 'nothing'
