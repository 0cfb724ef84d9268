"""Runner and loops of the training engine."""

from .resumable_runner import ResumableRunner
from .semi_train_loop import SemiTrainLoop
from .semi_val_loop import SemiValLoop

__all__ = ['ResumableRunner', 'SemiTrainLoop', 'SemiValLoop']
