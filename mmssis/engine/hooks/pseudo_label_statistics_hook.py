"""What the pseudo labels are doing, logged every n steps."""

from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from mmdet.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.engine.semi_detector import CountWindow, class_names, semi_detector
from mmssis.evaluation import (ERROR_TYPES, MATCH_COUNTS, HiddenGroundTruth, classify_errors,
                               count_error_types, count_matches, quality_from_counts)
from mmssis.structures import resolve_masks

SUMS = ('instances', 'judged_masks', 'weighed', 'class_score', 'mask_score', 'labels_changed',
        'uncertainty', 'sup', 'unsup')
"""Sums over the instances (and loss terms) of one step and all ranks."""


@HOOKS.register_module()
class PseudoLabelStatisticsHook(Hook):
    """Log number, survival, quality and effect of the pseudo labels.

    Scalars appear in the log as ``pseudo/...``: ``instances_per_image``, ``kept/<hook>`` (share
    of what reached the hook, since the last log), ``class_score``, ``mask_score``,
    ``labels_changed`` (share that category correction changed), ``uncertainty``,
    ``unsup_to_sup`` (ratio of the two losses) and ``class/<name>`` (instances of the step; with
    more than 20 classes one line of text takes their place). With hidden ground truth also
    ``precision``, ``recall``, ``mask_precision``, ``class_accuracy``, ``mask_iou`` and
    ``type/<Cor|Loc|Sim|Oth|BG>``, the shares of PL-DC's Fig. 5.

    Args:
        interval: steps between two logs.
        hidden_ann_file: COCO JSON with the annotations of the unlabeled images. They are used
            for these numbers only and reach neither the detector nor any loss.
    """

    priority = 'NORMAL'
    max_class_scalars = 20
    stride = 4

    def __init__(self, interval: int = 50, hidden_ann_file: Optional[str] = None) -> None:
        if interval < 1:
            raise ValueError(f'interval = {interval} of PseudoLabelStatisticsHook: give a number '
                             'of steps >= 1')
        self.interval = interval
        self.hidden_ann_file = hidden_ann_file
        self._hidden: Optional[HiddenGroundTruth] = None
        self._window = CountWindow()
        self._classes: Tuple[str, ...] = ()

    def before_train(self, runner: Runner) -> None:
        """Read the hidden ground truth."""
        self._classes = class_names(runner)
        self._window.advance(semi_detector(runner).pseudo_label_counts)
        if self.hidden_ann_file is not None:
            self._hidden = HiddenGroundTruth(self.hidden_ann_file, self._classes)

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Have the detector keep what each stage gave, on steps that are logged."""
        if self.every_n_train_iters(runner, self.interval):
            semi_detector(runner).keep_trace = True

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Log, on every rank at the same steps: ranks without pseudo labels add zeros."""
        if not self.every_n_train_iters(runner, self.interval):
            return
        detector = semi_detector(runner)
        final = list(detector.trace.values())[-1] if detector.trace else []
        metas = detector.trace_context.metas if detector.trace else []
        device = next(detector.student.parameters()).device
        stages = ['candidates', *detector.named_hooks]
        counts = self._window.advance(detector.pseudo_label_counts)
        numbers = torch.cat([
            torch.tensor([float(counts.get(name, 0)) for name in ['images', *stages]],
                         device=device),
            sum_instances(final, outputs or {}, device),
            count_classes(final, len(self._classes), device),
            self._count_hidden(final, metas, device)])
        detector.keep_trace = False
        detector.trace = detector.trace_context = None
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

    def _count_hidden(self, pseudo_labels: List[InstanceData], metas: List[dict],
                      device: torch.device) -> Tensor:
        """Counts of matches and error types against the hidden ground truth, (6 + 5,)."""
        counts = torch.zeros(len(MATCH_COUNTS) + len(ERROR_TYPES), device=device)
        if self._hidden is None:
            return counts
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


def sum_instances(pseudo_labels: List[InstanceData], outputs: Dict[str, Tensor],
                  device: torch.device) -> Tensor:
    """Sums over the pseudo labels and loss terms of one step, without a host copy.

    Args:
        pseudo_labels: final pseudo labels, one per image.
        outputs: logged loss terms; their names begin with ``sup_`` and ``unsup_``.
        device: device of the result.

    Returns:
        (9,) float32, named by :data:`SUMS`.
    """
    sums = {name: torch.zeros((), device=device) for name in SUMS}
    for instances in pseudo_labels:
        sums['instances'] += len(instances)
        sums['class_score'] += instances.class_scores.sum()
        if 'mask_scores' in instances:
            sums['judged_masks'] += len(instances)
            sums['mask_score'] += instances.mask_scores.sum()
        if 'teacher_labels' in instances:
            sums['labels_changed'] += (instances.labels != instances.teacher_labels).sum()
        if 'pixel_weights' in instances:
            sums['weighed'] += len(instances)
            sums['uncertainty'] += (1 - instances.pixel_weights.float()).flatten(1).mean(1).sum()
    for name, value in outputs.items():
        branch = name.split('_')[0]
        if branch in ('sup', 'unsup') and 'loss' in name:
            sums[branch] += torch.as_tensor(value, device=device).detach()
    return torch.stack([sums[name].float() for name in SUMS])


def count_classes(pseudo_labels: List[InstanceData], num_classes: int,
                  device: torch.device) -> Tensor:
    """Number of pseudo labels of each class, (K,) float32, without a host copy."""
    labels = torch.cat([torch.zeros(0, dtype=torch.long, device=device)]
                       + [instances.labels for instances in pseudo_labels])
    return torch.zeros(num_classes, device=device).index_add_(
        0, labels, torch.ones(len(labels), device=device))


def summarise_counts(images: float, kept: Dict[str, float]) -> Dict[str, float]:
    """Instances per image and the share that each stage kept of the stage before it.

    Args:
        images: number of images, > 0.
        kept: stage to number of instances after it, in order, ``candidates`` first.
    """
    names = list(kept)
    scalars = {'instances_per_image': kept[names[-1]] / images}
    for before, name in zip(names, names[1:]):
        if kept[before]:
            scalars[f'kept/{name}'] = kept[name] / kept[before]
    return scalars


def summarise_sums(sums: Dict[str, float]) -> Dict[str, float]:
    """Means of the sums of :func:`sum_instances`; a mean over nothing is left out."""
    means = dict(
        class_score=('class_score', 'instances'),
        mask_score=('mask_score', 'judged_masks'),
        labels_changed=('labels_changed', 'instances'),
        uncertainty=('uncertainty', 'weighed'),
        unsup_to_sup=('unsup', 'sup'))
    return {name: sums[part] / sums[whole] for name, (part, whole) in means.items()
            if sums[whole]}
