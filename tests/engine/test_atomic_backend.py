"""Checkpoints survive a crash at any moment."""

import os
import signal
from pathlib import Path
from unittest import mock

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.runner import save_checkpoint

from mmssis.engine.atomic_backend import AtomicBackend
from mmssis.engine.checkpoint import CheckpointError
from mmssis.engine.resume import checkpoints_of, find_resumable_checkpoint, is_readable_checkpoint


def save(folder: Path, step: int) -> Path:
    path = folder / f'iter_{step}.pth'
    save_checkpoint(dict(step=step), str(path), backend_args=dict(backend='atomic'))
    return path


def test_mmengine_saves_through_the_backend(tmp_path: Path) -> None:
    path = save(tmp_path / 'new' / 'folder', 3)
    assert isinstance(get_file_backend(backend_args=dict(backend='atomic')), AtomicBackend)
    assert torch.load(path, weights_only=True) == dict(step=3)
    assert os.listdir(path.parent) == ['iter_3.pth']


def test_put_replaces_and_respects_the_umask(tmp_path: Path) -> None:
    backend, path = AtomicBackend(), tmp_path / 'notes'
    backend.put(b'old and long', path)
    backend.put_text('nü', path)
    plain = tmp_path / 'plain'
    plain.touch()
    assert path.read_text(encoding='utf-8') == 'nü'
    assert path.stat().st_mode == plain.stat().st_mode


def test_full_disk_keeps_the_old_file_and_leaves_no_rest(tmp_path: Path) -> None:
    backend, path = AtomicBackend(), tmp_path / 'iter_1.pth'
    backend.put(b'old', path)
    with mock.patch('os.fsync', side_effect=OSError(28, 'No space left on device')):
        with pytest.raises(OSError, match='No space.*iter_1.pth.*Free 1 MB.*--resume'):
            backend.put(b'new', path)
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['iter_1.pth']


def test_kill_in_the_middle_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / 'iter_1.pth'
    path.write_bytes(b'old')
    child = os.fork()
    if child == 0:
        with mock.patch('os.replace', lambda *_: os.kill(os.getpid(), signal.SIGKILL)):
            AtomicBackend().put(b'new' * 1000, path)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert path.read_bytes() == b'old'
    assert checkpoints_of(tmp_path) == [path]


def test_checkpoints_are_ordered_by_number_not_by_name(tmp_path: Path) -> None:
    paths = [save(tmp_path, step) for step in (900, 1000, 20)]
    (tmp_path / 'best_coco_segm_mAP_iter_5000.pth').touch()
    assert checkpoints_of(tmp_path) == [paths[1], paths[0], paths[2]]


def test_resume_falls_back_to_the_newest_whole_checkpoint(tmp_path: Path) -> None:
    whole = save(tmp_path, 10)
    torn = save(tmp_path, 20)
    torn.write_bytes(torn.read_bytes()[:-100])
    assert not is_readable_checkpoint(torn)
    # After a crash last_checkpoint may be empty or zeros, or name what is gone or torn.
    for content in ('', '\0\0\0\0', 'gone/iter_30.pth', str(torn)):
        (tmp_path / 'last_checkpoint').write_text(content)
        assert find_resumable_checkpoint(tmp_path) == str(whole), content
    # Killed between the checkpoint and its pointer: the newest counts.
    (tmp_path / 'last_checkpoint').write_text(str(save(tmp_path, 5)))
    assert find_resumable_checkpoint(tmp_path) == str(whole)
    assert find_resumable_checkpoint(tmp_path / 'missing') is None


def test_the_pointer_counts_for_other_names_of_its_own_folder(tmp_path: Path) -> None:
    elsewhere, here = save(tmp_path / 'a', 9), tmp_path / 'b'
    here.mkdir()
    (here / 'last_checkpoint').write_text(str(elsewhere))
    with pytest.raises(CheckpointError, match=f'names one of another folder: --resume {elsewhere}'):
        find_resumable_checkpoint(here)
    whole = save(here, 3)
    assert find_resumable_checkpoint(here) == str(whole)
    (here / 'mine.pth').write_bytes(whole.read_bytes())
    for named, found in ((here / 'mine.pth', here / 'mine.pth'), (here / 'gone.pth', whole)):
        (here / 'last_checkpoint').write_text(str(named))
        assert find_resumable_checkpoint(here) == str(found)
    (here / 'mine.pth').unlink()
    (here / 'mine.pth').symlink_to(elsewhere)
    (here / 'last_checkpoint').write_text(str(here / 'mine.pth'))
    assert find_resumable_checkpoint(here) == str(whole)


def test_a_wrong_checksum_is_torn(tmp_path: Path) -> None:
    path = save(tmp_path, 5)
    content = bytearray(path.read_bytes())
    content[content.index(b'step')] ^= 1
    path.write_bytes(content)
    assert not is_readable_checkpoint(path)


def test_resume_with_torn_checkpoints_only_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'iter_5.pth').write_bytes(b'PK')
    (tmp_path / 'iter_4.pth').mkdir()
    with pytest.raises(CheckpointError, match='iter_5.pth: it is torn[^$]*iter_4.pth: it is no f'
                                              '[^$]*--resume PATH'):
        find_resumable_checkpoint(tmp_path)
