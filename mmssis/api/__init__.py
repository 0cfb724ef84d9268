"""The verbs of the command ``mmssis`` as functions, one module each."""

from .diagnosing import diagnose
from .exporting import export
from .initializing import init
from .labeling import label
from .prediction import predict
from .reporting import report
from .reviewing import apply_review, export_review, import_review, review, undo_review
from .self_training import self_train
from .splitting import split
from .testing import test
from .training import train

__all__ = [
    'apply_review', 'diagnose', 'export', 'export_review', 'import_review', 'init', 'label',
    'predict', 'report', 'review', 'self_train', 'split', 'test', 'train', 'undo_review'
]
