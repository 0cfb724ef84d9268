"""Which checkpoint a run continues from."""

import re
import zipfile
from pathlib import Path
from typing import List, Optional, Union

from mmengine.logging import print_log

STEP = re.compile(r'(?:iter|epoch)_(\d+)\.pth')


def is_readable_checkpoint(path: Union[str, Path]) -> bool:
    """Tell a whole checkpoint from a truncated one without loading it.

    ``torch.save`` writes a zip file, whose table of contents comes last.

    Args:
        path (str | Path): File to look at.

    Returns:
        bool: False if the file is missing, empty or cut off.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith('data.pkl') for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def checkpoints_of(work_dir: Union[str, Path]) -> List[Path]:
    """List the numbered checkpoints of a work directory, newest first.

    Args:
        work_dir (str | Path): Folder of the run.

    Returns:
        list[Path]: ``iter_*.pth`` and ``epoch_*.pth`` by falling number.
    """
    numbered = [(int(match[1]), path) for path in Path(work_dir).glob('*.pth')
                if (match := STEP.fullmatch(path.name))]
    return [path for _, path in sorted(numbered, reverse=True)]


def find_resumable_checkpoint(work_dir: Union[str, Path]) -> Optional[str]:
    """Find the checkpoint that ``--resume`` continues from.

    MMEngine writes its name into the file ``last_checkpoint``, and not atomically: after a crash
    that file may be empty, or name a checkpoint that was moved or never finished.

    Args:
        work_dir (str | Path): Folder of the run.

    Returns:
        str | None: The checkpoint that ``last_checkpoint`` names, or else the newest one that is
        whole; None if there is no checkpoint.

    Raises:
        RuntimeError: If there are checkpoints and none of them is whole.
    """
    pointer = Path(work_dir) / 'last_checkpoint'
    # A crash can leave the file with its length and without its content.
    named = pointer.read_text(errors='replace').strip('\0 \t\r\n') if pointer.is_file() else ''
    if named and is_readable_checkpoint(named):
        return named
    candidates = checkpoints_of(work_dir)
    whole = next((str(path) for path in candidates if is_readable_checkpoint(path)), None)
    if candidates and whole is None:
        raise RuntimeError(
            f'no checkpoint in {work_dir} is whole (newest: {candidates[0].name}). Remove them to '
            'start anew, or give another checkpoint: --resume PATH.')
    if whole is not None:
        fault = f'names {named!r}, which is not a whole checkpoint' if named else 'names nothing'
        print_log(f'{pointer} {fault}: resuming from the newest whole one, {whole}.', 'current')
    return whole
