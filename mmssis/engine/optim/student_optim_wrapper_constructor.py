"""An optimizer of the student alone."""

from mmdet.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.model import is_model_wrapper
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class StudentOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, on the student of a semi-supervised detector.

    On the whole detector mmengine puts the frozen teacher into the optimizer's groups, or,
    with ``paramwise_cfg``, warns about each of its parameters.
    """

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizer.

        Args:
            model: a semi-supervised detector, in a DDP wrapper or not.

        Returns:
            Optimizer wrapper over the student's parameters.
        """
        detector = model.module if is_model_wrapper(model) else model
        return super().__call__(detector.student)
