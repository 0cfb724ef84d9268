"""A full disk says what to do."""

import errno
import os
import resource

import pytest

from mmssis.engine.atomic_backend import AtomicBackend
from mmssis.utils.write_errors import WriteError, explain_write_error, explained_write_errors


@pytest.mark.parametrize('number, size, parts', [
    pytest.param(errno.ENOSPC, 3 * 2**20 + 1, ['(4 MB)', 'Free 4 MB'], id='full'),
    pytest.param(errno.EDQUOT, 0, ['MB are free there for this user', 'Make room'], id='quota'),
    pytest.param(errno.EFBIG, 0, ['ulimit -f'], id='limit'),
    pytest.param(errno.EACCES, 0, ['Make it writable'], id='permission'),
    pytest.param(errno.EIO, 0, ['Input/output error'], id='broken_disk')])
def test_the_message_has_file_cause_and_remedy(tmp_path, number, size, parts):
    path = tmp_path / 'not' / 'made' / 'iter_5.pth'
    error = explain_write_error(OSError(number, os.strerror(number)), path, size)
    assert error.errno == number
    for part in (*parts, str(path), '--work-dir', '--resume'):
        assert part in str(error)


@pytest.mark.parametrize('error, explained', [
    pytest.param(OSError(errno.ENOSPC, 'full'), True, id='a_log_that_does_not_say_its_name'),
    pytest.param(OSError(errno.EACCES, 'denied', 'run/log'), True, id='below_the_folder'),
    pytest.param(OSError(errno.EACCES, 'denied', 'data/a.jpg'), False, id='an_image'),
    pytest.param(OSError(errno.ENOENT, 'missing', 'run/iter_3.pth'), False, id='missing'),
    pytest.param(OSError('no number'), False, id='raised_by_hand')])
def test_errors_of_other_packages(error, explained):
    with pytest.raises(OSError) as caught, explained_write_errors('run'):
        raise error
    assert isinstance(caught.value, WriteError) == explained
    assert explained or caught.value is error


def test_a_limited_file_size_keeps_the_old_checkpoint(tmp_path):
    backend, path = AtomicBackend(), tmp_path / 'iter_1.pth'
    backend.put(b'old', path)
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            backend.put(b'new' * 1000, path)
        except WriteError as error:
            os._exit(0 if 'ulimit -f' in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert path.read_bytes() == b'old' and os.listdir(tmp_path) == ['iter_1.pth']
