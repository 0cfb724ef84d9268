"""What the detections of a folder were made from, so that a run goes on only with its like."""

import hashlib
import json
from pathlib import Path
from typing import Any, Optional, Union

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
    differing = differences(known, wanted)
    if differing:
        raise ValueError(f'{Path(folder) / HEADER} was begun with other settings ('
                         f'{"; ".join(differing)}). Restore them to go on, delete the folder to '
                         'predict anew, or give another folder.')
    return True


def differences(known: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Say which values differ.

    Args:
        known: what something was made with, read from JSON.
        wanted: what it is to be made with, in the types of JSON.

    Returns:
        Key and both values in words, in the order of the keys; empty if all are the same.
    """
    return [f'{key}: {_shown(known, key)} there, {_shown(wanted, key)} now'
            for key in sorted({*known, *wanted}) if _shown(known, key) != _shown(wanted, key)]


def sha256_of_file(path: Union[str, Path]) -> str:
    """SHA-256 of a file, read in pieces.

    Args:
        path: the file.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: if the file cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**22):
            digest.update(block)
    return digest.hexdigest()


def _shown(fingerprint: dict[str, Any], key: str) -> str:
    """A value of a fingerprint in words."""
    return json.dumps(fingerprint[key], sort_keys=True) if key in fingerprint else 'nothing'
