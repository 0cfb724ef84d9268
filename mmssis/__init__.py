"""mmssis: semi-supervised instance segmentation on MMDetection.

Importing it registers every component in mmdet's registries.
"""

from .compatibility import (check_installed, check_mmcv_ops, describe_environment,
                            resolve_configs_of_mmssis)
from .version import __version__

# Before the imports below, which fail without a hint in a wrong environment.
check_installed()
check_mmcv_ops()
resolve_configs_of_mmssis()

from . import datasets, engine, evaluation, models  # noqa: E402,F401

__all__ = ['__version__', 'describe_environment']
