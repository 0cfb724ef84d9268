"""One training per folder; the lock goes with its process."""

import errno
import fcntl
import os
import signal
import socket
import time

import pytest

from mmssis.engine.run_lock import LOCK_NAME, hold_work_dir


def test_the_second_is_refused_and_told_who_is_there(tmp_path):
    with hold_work_dir(tmp_path / 'new' / 'run'):
        with pytest.raises(SystemExit) as refusal:
            with hold_work_dir(tmp_path / 'new' / 'run'):
                pytest.fail('two runs in one folder')
    message = str(refusal.value)
    for part in (str(tmp_path / 'new' / 'run'), f'process {os.getpid()} on {socket.gethostname()}',
                 '--work-dir', '--resume'):
        assert part in message
    with hold_work_dir(tmp_path / 'new' / 'run'):
        pass


def test_a_killed_run_leaves_no_lock_and_its_unfinished_files_go(tmp_path, capsys):
    leftovers = ['.iter_10.pth.k3_9dx0a.partial', '.best_coco_segm_mAP_iter_5.pth.abcdefgh.partial']
    others = ['.iter_10.pth.partial', 'iter_10.pth', '.notes.partial', 'x.abcdefgh.partial']
    child = os.fork()
    if child == 0:
        with hold_work_dir(tmp_path):
            for name in (*leftovers, *others):
                (tmp_path / name).touch()
            (tmp_path / 'ready').touch()
            time.sleep(60)
        os._exit(0)
    while not (tmp_path / 'ready').exists():
        time.sleep(0.01)
    with pytest.raises(SystemExit, match=f'process {child} on'):
        hold_work_dir(tmp_path).__enter__()
    assert all((tmp_path / name).exists() for name in leftovers), 'another run is writing them'
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with hold_work_dir(tmp_path):
        assert set(os.listdir(tmp_path)) == {*others, 'ready', LOCK_NAME}
    assert 'Removed 2 unfinished files' in capsys.readouterr().out


def test_a_file_system_without_locks_is_named_and_nothing_is_removed(
        tmp_path, monkeypatch, capsys):
    def no_locks(handle, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, 'flock', no_locks)
    (tmp_path / '.iter_1.pth.abcdefgh.partial').touch()
    with hold_work_dir(tmp_path):
        pass
    assert f'{tmp_path} has no locks' in capsys.readouterr().out
    assert (tmp_path / '.iter_1.pth.abcdefgh.partial').exists()


@pytest.mark.parametrize('number, message', [
    pytest.param(errno.EROFS, 'cannot be written. Make it writable', id='read_only'),
    pytest.param(errno.ENOSPC, r'MB are free.*Make room', id='full'),
    pytest.param(errno.ENOTDIR, 'Not a directory', id='a_file')])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch, number, message):
    def refuse(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, 'open', refuse)
    with pytest.raises(SystemExit, match=message) as refusal, hold_work_dir(tmp_path):
        pytest.fail('started')
    assert str(tmp_path) in str(refusal.value) and '--work-dir' in str(refusal.value)
