"""Checks before training."""

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


@HOOKS.register_module()
class PreflightHook(Hook):
    """Prepare the model with the class names before the first iteration."""

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Prepare the model.

        Args:
            runner (Runner): The runner.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if hasattr(model, 'prepare'):
            model.prepare(tuple(runner.train_dataloader.dataset.metainfo['classes']))
