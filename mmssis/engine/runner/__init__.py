"""Loops of the training engine."""

from .semi_train_loop import SemiTrainLoop
from .semi_val_loop import SemiValLoop

__all__ = ['SemiTrainLoop', 'SemiValLoop']
