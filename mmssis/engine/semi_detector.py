"""How hooks and loops reach the detector behind a runner."""

from typing import Any, Dict, Tuple

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


def semi_detector(runner: Runner) -> Any:
    """The semi-supervised detector that a runner trains, without its DDP wrapper.

    Args:
        runner: the runner.

    Returns:
        The detector, a :class:`mmssis.models.detectors.SemiInstanceSegmentor`.

    Raises:
        TypeError: if the runner trains something else.
    """
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    missing = [name for name in ('teacher', 'student', 'predict_on') if not hasattr(model, name)]
    if missing:
        raise TypeError(
            f'model.type = {type(model).__name__} has no {", ".join(missing)}: hooks and loops of '
            'mmssis need a SemiInstanceSegmentor such as PLDC; remove them from custom_hooks, '
            'val_cfg and train_cfg to train another detector')
    return model


def class_names(runner: Runner) -> Tuple[str, ...]:
    """Class names of the training data, in label order."""
    return tuple(runner.train_dataloader.dataset.metainfo['classes'])


class CountWindow:
    """How much running counts have grown since one last looked.

    Several hooks read the detector's counts at different intervals, so none may reset them.
    """

    def __init__(self) -> None:
        self._seen: Dict[str, int] = {}

    def advance(self, counts: Dict[str, int]) -> Dict[str, int]:
        """Growth of each count since the last call.

        Args:
            counts: the running counts. A count that fell was reset and starts from 0.

        Returns:
            The same keys, each value >= 0.
        """
        grown = {
            name: count - self._seen.get(name, 0) if count >= self._seen.get(name, 0) else count
            for name, count in counts.items()}
        self._seen = dict(counts)
        return grown
