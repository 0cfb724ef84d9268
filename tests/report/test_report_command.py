"""The command line of the page."""

import subprocess
import sys

import pytest

import mmssis.api.reporting as reporting
from mmssis.api import report
from mmssis.commands import run_verb


@pytest.mark.parametrize('arguments, message', [
    pytest.param(['nothing'], 'nothing is no folder', id='no_folder'),
    pytest.param(['.', '--images', '0'], 'images = 0: give 1 or more', id='no_image'),
    pytest.param(['.'], 'holds neither', id='another_folder'),
])
def test_bad_arguments_are_named(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=message):
        run_verb('report', arguments)


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(reporting, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match='pip install Jinja2 plotly'):
        report(tmp_path)


def test_help_imports_nothing_heavy():
    code = ("import sys; sys.argv = ['mmssis', 'report', '--help']\nimport mmssis.commands\n"
            "try: mmssis.commands.main()\nexcept SystemExit: pass\n"
            "assert not {'torch', 'plotly', 'numpy'} & set(sys.modules)")
    subprocess.run([sys.executable, '-c', code], check=True, capture_output=True)
