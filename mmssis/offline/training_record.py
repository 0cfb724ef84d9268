"""What a training of a self-training was made with, so that it goes on only with its like."""

import json
from pathlib import Path
from typing import Any, Iterator, Optional, Union

from mmengine.config import Config

from mmssis.datasets.checks.coco_validation import shorten
from mmssis.engine.atomic_backend import AtomicBackend

from .fingerprint import differences

RECORD = 'self_training.json'
# Settings of `self_training` that change no label; what `skip` leaves out shows in the labels.
WITHOUT_EFFECT = ('on_unreadable', 'workers')
LABELS = 'pseudo_labels_sha256'
MAX_DIFFERENCES = 5


def settings_of(cfg: Config) -> dict[str, Any]:
    """All settings that a training may depend on.

    Args:
        cfg: config of the training, with the options of its command line.

    Returns:
        Values by dotted key, in the types of JSON; a list of numbers or texts is one value.
    """
    settings = json.loads(json.dumps(cfg.to_dict(), default=str))
    for key in WITHOUT_EFFECT:
        settings.get('self_training', {}).pop(key, None)
    return dict(_values(settings, ''))


def write_training_record(folder: Union[str, Path], settings: dict[str, Any],
                          labels_sha256: Optional[str] = None) -> None:
    """Note what a training is made with, before it starts.

    Args:
        folder: its work directory; it is made.
        settings: from :func:`settings_of`.
        labels_sha256: digest of the pseudo labels; None for a teacher, which has none.
    """
    text = json.dumps({LABELS: labels_sha256, 'settings': settings}, indent=1)
    AtomicBackend().put_text(text + '\n', Path(folder) / RECORD)


def check_training_record(folder: Union[str, Path], settings: dict[str, Any],
                          labels_sha256: Optional[str] = None) -> bool:
    """Make sure that a training was begun with the same.

    Args:
        folder: its work directory.
        settings: from :func:`settings_of`.
        labels_sha256: digest of the pseudo labels; None does not compare them.

    Returns:
        Whether there is a record; False says that nobody knows.

    Raises:
        ValueError: if a setting or the labels differ, with both values; or the record is no JSON.
    """
    known = _read(Path(folder) / RECORD)
    if known is None:
        return False
    differing = differences(known['settings'], settings)
    if labels_sha256 is not None:
        differing += differences({LABELS: known[LABELS]}, {LABELS: labels_sha256})
    if differing:
        raise ValueError(
            f'{folder} holds a training that was begun with others ({RECORD} in it): '
            f'{shorten(differing, MAX_DIFFERENCES)}. Restore them to go on, give another work '
            f'directory, or delete {folder} to train anew. If they do not matter, delete '
            f'{RECORD} in it, and the training is taken as it is.')
    return True


def _read(path: Path) -> Optional[dict]:
    """Content of a record; None where there is none."""
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is no valid JSON: {error}. Bring it back, or delete it to take '
                         'the training as it is.') from error


def _values(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The values of nested dicts and lists with their dotted keys."""
    if isinstance(node, dict) and node:
        children = list(node.items())
    elif isinstance(node, list) and any(isinstance(child, (dict, list)) for child in node):
        children = list(enumerate(node))
    else:
        yield path, node
        return
    for key, child in children:
        yield from _values(child, f'{path}.{key}' if path else str(key))
