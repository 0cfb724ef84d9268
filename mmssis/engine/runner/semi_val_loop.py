"""Validation of teacher and student during training."""

from typing import Dict, List, Sequence, Union

from mmdet.registry import LOOPS
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner, ValLoop
from torch.utils.data import DataLoader

from mmssis.engine.semi_detector import semi_detector


@LOOPS.register_module()
class SemiValLoop(ValLoop):
    """Evaluate teacher and student; metrics are ``teacher/...`` and ``student/...``.

    Other than mmdet's ``TeacherStudentValLoop`` it gives ``predict_on`` back as it was, returns
    the metrics, and can leave one of the two out. ``CheckpointHook`` finds the best checkpoint
    by ``save_best='teacher/coco/segm_mAP'``. During burn-in the teacher is a copy of the
    student, so one evaluation is reported for both.

    Args:
        runner: the runner.
        dataloader: validation data.
        evaluator: metrics.
        fp16: whether to predict under autocast.
        predict_on: whom to evaluate, 'teacher' and/or 'student'. Pictures of
            ``DetVisualizationHook`` show the first.

    Raises:
        ValueError: if ``predict_on`` names nobody or somebody else.
    """

    def __init__(self,
                 runner: Runner,
                 dataloader: Union[DataLoader, Dict],
                 evaluator: Union[Evaluator, Dict, List],
                 fp16: bool = False,
                 predict_on: Union[str, Sequence[str]] = ('teacher', 'student')) -> None:
        super().__init__(runner, dataloader, evaluator, fp16=fp16)
        names = [predict_on] if isinstance(predict_on, str) else list(predict_on)
        if not names or len(set(names)) < len(names) or set(names) - {'teacher', 'student'}:
            raise ValueError(f'val_cfg.predict_on = {predict_on}: give teacher, student or both')
        self.predict_on = names

    def run(self) -> Dict[str, float]:
        """Launch validation.

        Returns:
            Metrics of each evaluated model, the first of ``predict_on`` first.
        """
        detector = semi_detector(self.runner)
        training = self.runner.message_hub.runtime_info.get('loop_stage') == 'train'
        same = training and detector.in_burn_in
        self.runner.call_hook('before_val')
        self.runner.call_hook('before_val_epoch')
        self.runner.model.eval()

        evaluated = {}
        chosen = detector.predict_on
        try:
            for name in ['student'] if same else reversed(self.predict_on):
                detector.predict_on = name
                evaluated[name] = self._evaluate()
        finally:
            detector.predict_on = chosen

        metrics = {
            f'{name}/{key}': value
            for name in self.predict_on
            for key, value in evaluated['student' if same else name].items()}
        self.runner.call_hook('after_val_epoch', metrics=metrics)
        self.runner.call_hook('after_val')
        return metrics

    def _evaluate(self) -> Dict[str, float]:
        """Predict all validation data with the chosen model and compute the metrics."""
        for index, batch in enumerate(self.dataloader):
            self.run_iter(index, batch)
        return self.evaluator.evaluate(len(self.dataloader.dataset))
