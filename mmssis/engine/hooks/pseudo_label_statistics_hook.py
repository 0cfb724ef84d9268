"""What the pseudo labels are doing, logged every n steps."""

from collections import Counter
from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from mmdet.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.engine.semi_detector import class_names, semi_detector
from mmssis.evaluation import (ERROR_TYPES, MATCH_COUNTS, HiddenGroundTruth, classify_errors,
                               count_error_types, count_matches, quality_from_counts)
from mmssis.evaluation.pseudo_label_sums import (SUMS, count_classes, sum_instances,
                                                 summarise_counts, summarise_sums)
from mmssis.structures import PseudoLabelContext, resolve_masks
from mmssis.utils.settings import check_range

from .pseudo_label_listener import PseudoLabelListener


@HOOKS.register_module()
class PseudoLabelStatisticsHook(PseudoLabelListener):
    """Log number, survival, quality and effect of the pseudo labels.

    Scalars appear in the log as ``pseudo/...``:

    - ``instances_per_image``, and ``kept/<name>``: the share of the instances that the
      pseudo-label hook of that name passed on. Both count all steps since the last log.
    - ``class_score``, ``mask_score``, ``labels_changed`` (share that category correction changed),
      ``uncertainty``, ``unsup_to_sup`` (ratio of the two losses).
    - ``class/<name>``: instances of the step. With more than 20 classes one line of text takes
      their place.
    - With hidden ground truth also ``precision``, ``recall``, ``mask_precision``,
      ``class_accuracy``, ``mask_iou`` and ``type/<Cor|Loc|Sim|Oth|BG>``, the shares of PL-DC's
      Fig. 5: over all steps since the last log, as one batch has few pseudo labels. The truth is
      drawn at the image's size in every step: at 1024 pixels 0.2 s per unlabeled image on one core.

    Args:
        interval: steps between two logs.
        hidden_ann_file: COCO JSON with the annotations of the unlabeled images. They are used
            for these numbers only and reach neither the detector nor any loss.
    """

    priority = 'NORMAL'
    max_class_scalars = 20
    stride = 4

    def __init__(self, interval: int = 50, hidden_ann_file: Optional[str] = None) -> None:
        self.interval = check_range('default_hooks.statistics.interval', interval, 1, whole=True)
        self.hidden_ann_file = hidden_ann_file
        self._hidden: Optional[HiddenGroundTruth] = None
        self._classes: Tuple[str, ...] = ()
        self._counts: Counter = Counter()
        self._logs = False
        self._final: List[InstanceData] = []
        self._metas: List[dict] = []
        self._hidden_counts: Optional[Tensor] = None

    def before_train(self, runner: Runner) -> None:
        """Read the hidden ground truth and start to listen."""
        self._classes = class_names(runner)
        self._counts.clear()
        self._hidden_counts = None
        if self.hidden_ann_file is not None:
            self._hidden = HiddenGroundTruth(self.hidden_ann_file, self._classes)
        super().before_train(runner)

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Decide whether this step is logged."""
        self._logs = self.every_n_train_iters(runner, self.interval)

    def hear(self, stage: str, pseudo_labels: List[InstanceData],
             context: PseudoLabelContext) -> None:
        """Count the instances of every step; keep the last stage where it is read."""
        if stage == 'candidates':
            self._counts['images'] += len(pseudo_labels)
        self._counts[stage] += sum(map(len, pseudo_labels))
        if self._logs or self._hidden is not None:
            self._final, self._metas = pseudo_labels, context.metas

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Log, on every rank at the same steps: ranks without pseudo labels add zeros."""
        detector = semi_detector(runner)
        self._judge(next(detector.student.parameters()).device)
        if not self._logs:
            return
        stages = ['candidates', *detector.pseudo_label_hooks]
        numbers = self._numbers(stages, outputs or {}, next(detector.student.parameters()).device)
        all_reduce(numbers, op='sum')
        sizes = [1, len(stages), len(SUMS), len(self._classes), len(MATCH_COUNTS),
                 len(ERROR_TYPES)]
        images, kept, sums, per_class, matches, types = numbers.cpu().split(sizes)
        if images == 0:
            return
        scalars = summarise_counts(float(images), dict(zip(stages, kept.tolist())))
        scalars.update(summarise_sums(dict(zip(SUMS, sums.tolist()))))
        scalars.update(quality_from_counts(matches))
        if types.sum():
            scalars.update(
                {f'type/{name}': value for name, value in
                 zip(ERROR_TYPES, (types / types.sum()).tolist())})
        scalars.update(self._class_scalars(runner, per_class))
        for name, value in scalars.items():
            runner.message_hub.update_scalar(f'train/pseudo/{name}', value)

    def _numbers(self, stages: List[str], outputs: Dict[str, Tensor],
                 device: torch.device) -> Tensor:
        """All numbers of this rank in one tensor; the step's pseudo labels are let go of."""
        counts, final, hidden = self._counts, self._final, self._hidden_counts
        self._counts, self._final, self._hidden_counts = Counter(), [], None
        if hidden is None:
            hidden = torch.zeros(len(MATCH_COUNTS) + len(ERROR_TYPES), device=device)
        return torch.cat([
            torch.tensor([float(counts[name]) for name in ['images', *stages]], device=device),
            sum_instances(final, outputs, device),
            count_classes(final, len(self._classes), device),
            hidden])

    def _judge(self, device: torch.device) -> None:
        """Add the step's pseudo labels to the counts since the last log."""
        if self._hidden is None or not self._final:
            return
        counts = self._count_hidden(self._final, self._metas, device)
        self._hidden_counts = (counts if self._hidden_counts is None
                               else self._hidden_counts + counts)
        self._metas = []
        if not self._logs:
            self._final = []

    def _count_hidden(self, pseudo_labels: List[InstanceData], metas: List[dict],
                      device: torch.device) -> Tensor:
        """Counts of matches and error types against the hidden ground truth, (6 + 5,)."""
        counts = torch.zeros(len(MATCH_COUNTS) + len(ERROR_TYPES), device=device)
        superclasses = self._hidden.superclasses
        superclasses = None if superclasses is None else superclasses.to(device)
        for instances, meta in zip(pseudo_labels, metas):
            truth = self._hidden.in_view(meta, instances.input_shape, self.stride, device)
            if truth is None:
                continue
            gt, crowd = truth
            masks = resolve_masks(instances[:]).masks[:, None].float()
            masks = F.interpolate(masks, gt.masks.shape[1:], mode='area')[:, 0] > 0.5
            counts += torch.cat([
                count_matches(masks, instances.labels, gt.masks, gt.labels, crowd_masks=crowd),
                count_error_types(classify_errors(
                    masks, instances.labels, gt.masks, gt.labels, superclasses))])
        return counts

    def _class_scalars(self, runner: Runner, per_class: Tensor) -> Dict[str, float]:
        """Per-class counts as scalars, or as one line of text where classes are many."""
        named = list(zip(self._classes, per_class.tolist()))
        if len(named) <= self.max_class_scalars:
            return {f'class/{name}': count for name, count in named}
        present = sorted((item for item in named if item[1]), key=lambda item: -item[1])
        line = ', '.join(f'{name} {count:.0f}' for name, count in present) or 'none'
        runner.logger.info(f'Pseudo labels by class at iteration {runner.iter + 1}: {line}')
        return {}
