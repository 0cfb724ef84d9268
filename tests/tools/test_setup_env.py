"""The first step of the setup: which Python, and what an interrupt has left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LACKS_PIP = '[ "$2" != ensurepip ] || touch "$0.pip"; [ -f "$0.pip" ]'
SCRIPT = Path(__file__).resolve().parents[2] / 'tools/setup_env.sh'


def call(function, folder, **environment):
    """Call a function of the script for an environment in a folder."""
    text = (f'source "{SCRIPT}"; ENV_DIR="$FOLDER"; ENV_PYTHON="$FOLDER/bin/python"; OWN_ENV=1; '
            f'{function}')
    return subprocess.run(['bash', '-euo', 'pipefail', '-c', text], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, FOLDER=str(folder), **environment))


def test_a_python_below_a_folder_with_a_space(tmp_path):
    python = tmp_path / 'my python' / 'python'
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    assert call('find_python', tmp_path, PYTHON=str(python)).stdout.strip() == str(python)
    missing = call('find_python', tmp_path, PYTHON=str(python) + '9')
    assert missing.returncode == 1 and f'({python}9: not found)' in missing.stdout


@pytest.mark.parametrize('files, python, says, stays', [
    pytest.param([], None, '', False, id='fresh'),
    pytest.param(['bin/notes', 'mmssis-setup.unfinished'], None, 'making', False, id='interrupted'),
    pytest.param(['bin/notes'], 'exit 0', '', True, id='whole'),
    pytest.param(['bin/notes'], LACKS_PIP, 'adding it', True, id='without_pip'),
    pytest.param(['bin/notes'], 'exit 1', 'rm -rf', True, id='broken')])
def test_only_an_environment_that_was_being_made_is_removed(
        tmp_path, files, python, says, stays):
    folder = tmp_path / 'an env'
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    if python is not None:
        (folder / 'bin/python').write_text(f'#!/bin/sh\n{python}\n')
        (folder / 'bin/python').chmod(0o755)
    result = call('repair_environment', folder)
    assert result.returncode == (1 if python == 'exit 1' else 0)
    assert says in result.stdout and (says or result.stdout == '')
    assert (folder / 'bin/notes').exists() == stays
