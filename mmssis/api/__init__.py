"""The verbs of the command ``mmssis`` as functions, one module each."""

from .diagnosing import diagnose
from .exporting import export
from .initializing import init
from .labeling import label
from .prediction import predict
from .reporting import report
from .self_training import self_train
from .splitting import split
from .testing import test
from .training import train

__all__ = [
    'diagnose', 'export', 'init', 'label', 'predict', 'report', 'self_train', 'split', 'test',
    'train'
]
