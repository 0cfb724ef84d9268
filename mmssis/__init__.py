"""mmssis: semi-supervised instance segmentation on MMDetection.

Importing it registers every component in mmdet's registries.
"""

from .compatibility import (check_installed, check_mmcv_ops, describe_environment,
                            resolve_configs_of_mmssis, started_as_command)
from .import_noise import without_import_noise
from .version import __version__


def register_all() -> None:
    """Check the environment and register every component; a second call does nothing.

    Raises:
        ImportError: If mmengine, mmcv or mmdet is missing or does not fit.
    """
    with without_import_noise():
        # Before the imports below, which fail without a hint in a wrong environment.
        check_installed()
        check_mmcv_ops()
        resolve_configs_of_mmssis()
        from . import datasets, engine, evaluation, models  # noqa: F401


# The command reads its arguments first, so that `mmssis --help` does not wait for torch.
if not started_as_command():
    register_all()

__all__ = ['__version__', 'describe_environment', 'register_all']
