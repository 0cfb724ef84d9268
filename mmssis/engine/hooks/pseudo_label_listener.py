"""Engine hooks that listen to the pseudo labels of a training step."""

from abc import abstractmethod
from typing import Callable, List, Optional

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import InstanceData

from mmssis.engine.semi_detector import semi_detector
from mmssis.structures import PseudoLabelContext


class PseudoLabelListener(Hook):
    """An engine hook that is told the pseudo labels after each stage, while training runs.

    A stage is ``'candidates'``, or a pseudo-label hook by its name in ``model.pseudo_label_hooks``.
    """

    _stop_listening: Optional[Callable[[], None]] = None

    def before_train(self, runner: Runner) -> None:
        """Start to listen.

        Args:
            runner: the runner, which trains a semi-supervised detector.
        """
        self.after_train(runner)  # of a run that was interrupted
        self._stop_listening = semi_detector(runner).watch(self.hear)

    def after_train(self, runner: Runner) -> None:
        """Stop listening.

        Args:
            runner: the runner, not read.
        """
        if self._stop_listening is not None:
            self._stop_listening()
        self._stop_listening = None

    @abstractmethod
    def hear(self, stage: str, pseudo_labels: List[InstanceData],
             context: PseudoLabelContext) -> None:
        """Take note of a stage.

        Args:
            stage: its name.
            pseudo_labels: the instances of each image after it. They must not be changed.
            context: images and metainfo of the batch.
        """
