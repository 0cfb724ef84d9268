"""Build step of mmssis; everything else stands in setup.cfg.

MMEngine looks for configs of an installed package in ``<package>/.mim``. A wheel gets a copy of
`configs` and `tools` there, an editable install gets links to them.
"""

import os
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
# The index has to exist, or MMEngine cannot resolve `_base_ = 'mmssis::...'`.
MIM_CONTENT = {
    'configs': 'configs',
    'tools': 'tools',
    'model-index.yml': 'configs/model-index.yml'
}


def copy_content(source: Path, target: Path) -> None:
    """Copy a file or folder over what is there."""
    if source.is_dir():
        ignored = shutil.ignore_patterns('__pycache__', '*.pyc')
        shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def link_content(source: Path, target: Path) -> None:
    """Link a file or folder; copy it where the system has no links."""
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    try:
        # Relative, so that a checkout can be moved.
        target.symlink_to(os.path.relpath(source, target.parent), source.is_dir())
    except OSError:
        copy_content(source, target)


class BuildWithConfigs(build_py):
    """``build_py`` that adds ``mmssis/.mim``."""

    def run(self) -> None:
        super().run()
        package = ROOT if self.editable_mode else Path(self.build_lib)
        place = link_content if self.editable_mode else copy_content
        mim = package / 'mmssis' / '.mim'
        mim.mkdir(parents=True, exist_ok=True)
        for name, source in MIM_CONTENT.items():
            place(ROOT / source, mim / name)


setup(cmdclass=dict(build_py=BuildWithConfigs))
