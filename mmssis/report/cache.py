"""What was computed with a checkpoint, kept beside it for the next page."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Callable, Dict

from mmssis.engine.atomic_backend import AtomicBackend

FOLDER = 'report_cache'
VERSION = 1
"""Another number lets every page compute anew."""


class Cache:
    """A folder with one file of each kind, the last that was computed.

    Args:
        folder: is made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, kind: str, made_from: Dict[str, Any], make: Callable[[], Any]) -> Any:
        """What was computed before from the same, or else now.

        Args:
            kind: name of the file.
            made_from: all that it depends on, in types of JSON.
            make: computes it, in types of JSON.

        Returns:
            What ``make`` returns, as JSON has it.

        Raises:
            OSError: if the file cannot be written.
        """
        key = sha256(json.dumps([VERSION, made_from], sort_keys=True).encode()).hexdigest()
        file = self.folder / f'{kind}.json'
        kept = _read(file)
        if kept is None or kept[0] != key:
            kept = json.loads(json.dumps([key, make()]))
            self.folder.mkdir(exist_ok=True)
            AtomicBackend().put_text(json.dumps(kept), file)
        return kept[1]


def identity(checkpoint: Path) -> Dict[str, Any]:
    """What tells a checkpoint from another, wherever its folder is: name, size and time."""
    found = checkpoint.stat()
    return dict(name=checkpoint.name, size=found.st_size, time=found.st_mtime_ns)


def _read(file: Path) -> Any:
    """Key and content of a file; None where there is none, or it is damaged."""
    try:
        key, content = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None
    return key, content
