"""What mmssis needs of mmengine, mmcv and mmdet, checked when it is imported."""

import platform
import sys
from importlib import import_module
from pathlib import Path
from typing import Dict, Tuple

from packaging.version import Version

# Oldest version allowed, and the first one not allowed. mmdet's window is narrow because its
# heads are subclassed; of mmengine and mmcv only public interfaces are used. mmengine 0.10.4 and
# mmcv 2.0.1 are what an environment around the original mmdet 3.3 has.
WINDOWS: Dict[str, Tuple[str, str]] = {
    'mmengine': ('0.10.4', '1.0'),
    'mmcv': ('2.0.1', '3.0'),
    'mmdet': ('3.3.0', '3.6'),
}
TESTED: Dict[str, str] = {'mmengine': '0.10.12', 'mmcv': '2.3.6', 'mmdet': '3.5.1'}
# The maintained builds keep the import names and have distributions of their own.
DISTRIBUTIONS: Dict[str, str] = {
    'mmengine': 'onedl-mmengine',
    'mmcv': 'onedl-mmcv',
    'mmdet': 'onedl-mmdetection'
}
SETUP_HINT = 'or let `bash tools/setup_env.sh` make an environment that works'
BUILD_MMCV = ('pip uninstall -y onedl-mmcv mmcv; pip install ninja wheel "setuptools<82"; '
              'MMCV_WITH_OPS=1 CXXFLAGS=-g0 pip install --no-build-isolation --no-cache-dir '
              f'--no-binary onedl-mmcv onedl-mmcv=={TESTED["mmcv"]}')


def check_version(name: str, installed: str) -> None:
    """Compare an installed version with the window of :data:`WINDOWS`.

    Args:
        name (str): 'mmengine', 'mmcv' or 'mmdet'.
        installed (str): Its version.

    Raises:
        ImportError: If it is outside the window; the message says what to type.
    """
    minimum, below = WINDOWS[name]
    # A release candidate or local build counts as its release.
    release = Version(Version(installed).base_version)
    if Version(minimum) <= release < Version(below):
        return
    raise ImportError(
        f'mmssis works with {name} >= {minimum}, < {below}, but {name} {installed} is installed. '
        f'Type: pip install "{DISTRIBUTIONS[name]}=={TESTED[name]}" ({SETUP_HINT}).')


def check_installed() -> None:
    """Check that mmengine, mmcv and mmdet can be imported, in versions that fit.

    Raises:
        ImportError: If one is missing, broken or outside its window.
    """
    for name in WINDOWS:
        try:
            module = import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            remedy = (BUILD_MMCV if name == 'mmcv' else
                      f'pip install "{DISTRIBUTIONS[name]}=={TESTED[name]}"')
            raise ImportError(f'mmssis needs {name}, which is not installed. Type: {remedy} '
                              f'({SETUP_HINT}).') from error
        check_version(name, module.__version__)


def check_mmcv_ops() -> None:
    """Check that mmcv has its compiled ops and that they were built for this torch.

    Raises:
        ImportError: If not; the message tells the two cases apart and says what to type.
    """
    import torch
    try:
        import_module('mmcv._ext')
    except ModuleNotFoundError as error:
        raise ImportError(
            'mmcv is installed without its compiled ops: `pip install onedl-mmcv` builds it in an '
            'environment without torch and leaves them out silently. With torch installed, '
            f'type: {BUILD_MMCV} ({SETUP_HINT}).') from error
    except ImportError as error:
        raise ImportError(
            f'the ops of mmcv do not load with torch {torch.__version__}: {error}. They were '
            'compiled for another torch; pip reuses such a wheel from its cache. '
            f'Type: {BUILD_MMCV} ({SETUP_HINT}).') from error


def resolve_configs_of_mmssis() -> None:
    """Let ``_base_ = 'mmssis::pldc/...'`` be resolved.

    MMEngine knows a fixed table of packages and finds their configs in ``<package>/.mim``, which
    wheels and editable installs of mmssis have. It looks a package up by its distribution, whose
    place is not that of an editable install's code; a module it looks up by its file.
    """
    from mmengine.config import utils
    utils.MODULE2PACKAGE['mmssis'] = 'mmssis.version'


def started_as_command() -> bool:
    """Whether this process is ``mmssis VERB ...`` or ``python -m mmssis VERB ...``.

    :func:`mmssis.commands.main` then registers the components, once it has read its arguments.
    """
    return Path(sys.argv[0]).name == 'mmssis' or sys.orig_argv[1:3] == ['-m', 'mmssis']


def describe_environment() -> str:
    """Return the versions that matter, in one line."""
    names = ['mmssis', 'torch', 'torchvision', *WINDOWS]
    versions = [f'{name} {import_module(name).__version__}' for name in names]
    cuda = import_module('torch').cuda
    device = cuda.get_device_name() if cuda.is_available() else 'CPU'
    return ', '.join([f'Python {platform.python_version()}', *versions, device])
