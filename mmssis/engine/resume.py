"""Which checkpoint a run continues from."""

import logging
import re
import zipfile
from pathlib import Path
from typing import Callable, List, Optional, Union

from mmengine.logging import print_log

from .checkpoint import CheckpointError, damage_of

STEP = re.compile(r'(?:iter|epoch)_(\d+)\.pth')
Fault = Optional[str]


def fault_of_file(path: Union[str, Path]) -> Fault:
    """What keeps a file from being resumed from, without loading it.

    Args:
        path: the checkpoint.

    Returns:
        The fault, which 'it' goes before; None for a whole file with checksums.
    """
    if fault := damage_of(path):
        return fault
    is_zip = zipfile.is_zipfile(path)
    return None if is_zip else ('has no checksums, since it is in the format before torch 1.6: '
                                'read and save it with a later one')


def is_readable_checkpoint(path: Union[str, Path]) -> bool:
    """Tell a whole checkpoint from a torn or damaged one without loading it.

    Args:
        path (str | Path): File to look at.

    Returns:
        bool: False if the file is missing, empty, cut off, or a checksum is wrong.
    """
    return fault_of_file(path) is None


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


def find_resumable_checkpoint(work_dir: Union[str, Path],
                              misfit: Callable[[Path], Fault] = fault_of_file) -> Optional[str]:
    """Find the checkpoint that ``--resume`` continues from.

    The newest is the one with the highest number. The file ``last_checkpoint``, which MMEngine
    writes after the checkpoint, counts for other names only, and within its own folder: in a copy
    of a work directory it names the original's.

    Args:
        work_dir (str | Path): Folder of the run.
        misfit (Callable): Tells what keeps a checkpoint from being resumed from; default: whether
            the file is whole.

    Returns:
        str | None: The newest checkpoint without a fault; None if there is no checkpoint. Those
        that are passed over are named in the log.

    Raises:
        CheckpointError: If there are checkpoints and all have a fault, or ``last_checkpoint``
            names one elsewhere and there is none here.
    """
    named = _named_last(work_dir)
    candidates = checkpoints_of(work_dir)
    if named is not None and named.exists():
        if named.resolve().parent != Path(work_dir).resolve():
            if not candidates:
                raise CheckpointError(f'{work_dir} holds no checkpoint, and its last_checkpoint '
                                      f'names one of another folder: --resume {named} would go on '
                                      'from that one.')
        elif not STEP.fullmatch(named.name):
            candidates.insert(0, named)
    faults = []
    for path in candidates:
        fault = misfit(path)
        if fault is None:
            for passed_over in faults:
                print_log(f'Passed over {passed_over}', 'current', logging.WARNING)
            if faults:
                print_log(f'Resuming from the newest checkpoint that is whole and fits, {path}.',
                          'current', logging.WARNING)
            return str(path)
        faults.append(f'{path}: it {fault}')
    if faults:
        raise CheckpointError(
            f'no checkpoint in {work_dir} is whole and fits:\n- ' + '\n- '.join(faults) +
            '\nRemove them to start anew, or give another checkpoint: --resume PATH.')
    return None


def _named_last(work_dir: Union[str, Path]) -> Optional[Path]:
    """What ``last_checkpoint`` names; a crash can leave it with its length and no content."""
    pointer = Path(work_dir) / 'last_checkpoint'
    named = pointer.read_text(errors='replace').strip('\0 \t\r\n') if pointer.is_file() else ''
    return Path(named) if named and '\0' not in named else None
