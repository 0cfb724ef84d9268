"""Failures of training that are named when they begin, not found after days."""

import math
from typing import Any, Dict, List, Optional, Tuple

import torch
from mmdet.registry import HOOKS
from mmengine.dist import all_gather_object, all_reduce
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from torch import Tensor

from mmssis.engine.semi_detector import CountWindow, semi_detector
from mmssis.models.pseudo_labels.threshold_filter import ThresholdFilter
from mmssis.structures import resolve_masks


@HOOKS.register_module()
class TrainingGuardHook(Hook):
    """Stop at a loss that is not finite; warn of collapse and of pseudo labels that take over.

    - A loss term that is NaN or infinite stops all ranks in the same iteration, before the
      teacher or a checkpoint can take it over, and is named with the images of its batch. A
      weight of 0 hides nothing, since 0 times NaN is NaN.
    - No pseudo label for ``empty_patience`` semi-supervised steps: a warning that names the
      stage at which they vanish and the best scores there.
    - Unsupervised losses that on average exceed ``max_unsup_to_sup`` times the supervised ones,
      and pseudo labels that on average exceed ``max_pseudo_to_gt`` times the labeled
      instances per image: a warning. Both often precede divergence.

    Averages run over ``empty_patience`` steps and all ranks; each warning comes at most once in
    that period.

    Args:
        empty_patience: semi-supervised steps of one period.
        raise_on_collapse: stop with an error in place of the warning of a collapse.
        max_unsup_to_sup: largest ratio of unsupervised to supervised loss without a warning.
        max_pseudo_to_gt: largest ratio of pseudo labels to labeled instances per image without
            a warning.
    """

    # Before the teacher's update, the log and the checkpoint of the same iteration.
    priority = 'HIGH'

    def __init__(self,
                 empty_patience: int = 500,
                 raise_on_collapse: bool = False,
                 max_unsup_to_sup: float = 5.0,
                 max_pseudo_to_gt: float = 3.0) -> None:
        for name, value in dict(empty_patience=empty_patience, max_unsup_to_sup=max_unsup_to_sup,
                                max_pseudo_to_gt=max_pseudo_to_gt).items():
            if value <= 0:
                raise ValueError(f'{name} = {value} of TrainingGuardHook: give a number > 0')
        self.empty_patience = empty_patience
        self.raise_on_collapse = raise_on_collapse
        self.max_unsup_to_sup = max_unsup_to_sup
        self.max_pseudo_to_gt = max_pseudo_to_gt
        self._window = CountWindow()
        self._empty_steps = 0
        self._period = _Period()

    def before_train(self, runner: Runner) -> None:
        """Start to count."""
        self._window.advance(semi_detector(runner).pseudo_label_counts)

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Have the detector keep the stages of the step that may prove a collapse."""
        if self._empty_steps == self.empty_patience - 1:
            semi_detector(runner).keep_trace = True

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                         outputs: Optional[Dict[str, Tensor]] = None) -> None:
        """Look at the losses and the number of pseudo labels of this step on all ranks."""
        detector = semi_detector(runner)
        detector.keep_trace = False
        device = next(detector.student.parameters()).device
        counts = self._window.advance(detector.pseudo_label_counts)
        last = ['candidates', *detector.named_hooks][-1]
        labeled, instances = count_labeled(data_batch)
        terms = {name: torch.as_tensor(value, device=device, dtype=torch.float32).detach().mean()
                 for name, value in (outputs or {}).items()}
        host = torch.tensor([
            float(counts.get('images', 0)), float(counts.get(last, 0)), labeled, instances],
            device=device)
        values = torch.cat([host, *[term.reshape(1) for term in terms.values()]]).tolist()
        losses = dict(zip(terms, values[len(host):]))
        odd = [name for name, value in losses.items() if not math.isfinite(value)]

        shared = torch.tensor(
            [float(bool(odd)), *values[:len(host)],
             0.0 if odd else sum_branch(losses, 'sup'),
             0.0 if odd else sum_branch(losses, 'unsup')], device=device)
        all_reduce(shared, op='sum')
        failed, images, pseudo, *rest = shared.tolist()
        if failed:
            self._stop(runner, detector, odd, data_batch)
        if images:
            self._period.add(images, pseudo, *rest)
            self._empty_steps = 0 if pseudo else self._empty_steps + 1
            self._warn_of_collapse(runner, detector)
            self._warn_of_imbalance(runner)

    def _stop(self, runner: Runner, detector: Any, odd: List[str],
              data_batch: DATA_BATCH) -> None:
        """Raise on every rank, with what every rank has found."""
        found = all_gather_object((odd, image_paths(data_batch)) if odd else None)
        lines = [
            f'  rank {rank}: {", ".join(item[0])}; images: {", ".join(item[1]) or "unknown"}'
            for rank, item in enumerate(found) if item]
        names = {name for item in found if item for name in item[0] if name != 'loss'}
        raise FloatingPointError(
            f'loss is not finite at iteration {runner.iter + 1}:\n' + '\n'.join(lines) + '\n'
            + self._cause(runner, detector, names))

    @staticmethod
    def _cause(runner: Runner, detector: Any, names: set) -> str:
        """Likely cause and remedy, by the branches whose terms are not finite."""
        rates = {name: rate[-1] for name, rate in runner.optim_wrapper.get_lr().items()}
        lines = []
        if names and all(name.startswith('unsup_') for name in names):
            lines.append('Only unsupervised terms failed: the pseudo labels or the strong views '
                         'drive the student away. Lower model.unsup_weight '
                         f'(now {detector.unsup_weight}), set model.ramp_up, or lengthen '
                         f'model.burn_in (now {detector.burn_in}).')
        else:
            lines.append('Supervised terms failed: the learning rate is the first suspect '
                         f'(optim_wrapper.optimizer.lr, now {rates}); lower it, lengthen its '
                         'warm-up, or set optim_wrapper.clip_grad=dict(max_norm=0.01).')
        if 'Amp' in type(runner.optim_wrapper).__name__:
            lines.append("Mixed precision is on: try without --amp, or with "
                         "optim_wrapper.dtype='bfloat16'.")
        lines.append('If it is always the same image, look at it and at its annotations. Resume '
                     'from the last checkpoint; this iteration was not saved.')
        return ' '.join(lines)

    def _warn_of_collapse(self, runner: Runner, detector: Any) -> None:
        """After a period without any pseudo label, say where they vanish."""
        if self._empty_steps < self.empty_patience:
            return
        message = (f'No pseudo label in the last {self._empty_steps} steps (iteration '
                   f'{runner.iter + 1}). {explain_collapse(detector)}')
        self._empty_steps = 0
        if self.raise_on_collapse:
            raise RuntimeError(message)
        runner.logger.warning(message)

    def _warn_of_imbalance(self, runner: Runner) -> None:
        """At the end of a period, compare pseudo labels with labels."""
        if self._period.steps < self.empty_patience:
            return
        loss_ratio, instance_ratio = self._period.ratios()
        self._period = _Period()
        if loss_ratio > self.max_unsup_to_sup:
            runner.logger.warning(
                f'Unsupervised losses are {loss_ratio:.1f} times the supervised ones over the last '
                f'{self.empty_patience} steps (limit {self.max_unsup_to_sup}): lower '
                'model.unsup_weight or set model.ramp_up; AP often falls from here.')
        if instance_ratio > self.max_pseudo_to_gt:
            runner.logger.warning(
                f'There are {instance_ratio:.1f} times as many pseudo labels per unlabeled image '
                'as instances per labeled image over the last '
                f'{self.empty_patience} steps (limit {self.max_pseudo_to_gt}): raise the class '
                'threshold, or see with tools/analysis_tools/show_pseudo_labels.py whether objects '
                'are split or invented.')


class _Period:
    """Sums over the steps of one period."""

    def __init__(self) -> None:
        self.steps = 0
        self._sums = [0.0] * 6

    def add(self, *values: float) -> None:
        """Add images, pseudo labels, labeled images, their instances, sup and unsup loss."""
        self.steps += 1
        self._sums = [total + value for total, value in zip(self._sums, values)]

    def ratios(self) -> Tuple[float, float]:
        """Unsupervised to supervised loss, pseudo labels to labeled instances per image.

        A ratio to nothing is 0: it says nothing.
        """
        images, pseudo, labeled, instances, sup, unsup = self._sums
        per_image = (pseudo / images) / (instances / labeled) if instances else 0.0
        return unsup / sup if sup else 0.0, per_image


def sum_branch(losses: Dict[str, float], branch: str) -> float:
    """Sum of the loss terms of a branch, 'sup' or 'unsup'."""
    return sum(value for name, value in losses.items()
               if name.startswith(f'{branch}_') and 'loss' in name)


def image_paths(data_batch: DATA_BATCH) -> List[str]:
    """Paths of the images of a multi-branch batch, each once, in order."""
    samples = data_batch['data_samples'] if data_batch else {}
    paths = [sample.metainfo['img_path'] for branch in samples.values() for sample in branch
             if sample is not None and 'img_path' in sample.metainfo]
    return list(dict.fromkeys(paths))


def count_labeled(data_batch: DATA_BATCH) -> Tuple[float, float]:
    """Number of labeled images of a multi-branch batch and of their instances."""
    branches = data_batch['data_samples'] if data_batch else {}
    samples = [sample for sample in branches.get('sup', []) if sample is not None]
    return float(len(samples)), float(sum(len(sample.gt_instances) for sample in samples))


def explain_collapse(detector: Any) -> str:
    """Say at which stage the pseudo labels of the kept step vanish, and what to do.

    Args:
        detector: a detector whose ``trace`` holds the stages of the step.
    """
    stages = list((detector.trace or {}).items())
    for (_, before), (name, after) in zip(stages, stages[1:]):
        entering = sum(map(len, before))
        if entering and not sum(map(len, after)):
            hook = detector.named_hooks[name]
            if isinstance(hook, ThresholdFilter):
                return _explain_filter(hook, before)
            return f'{name} dropped all {entering} instances that reached it.'
    return 'The teacher gives no candidate at all: is its checkpoint the trained one?'


def _explain_filter(hook: ThresholdFilter, before: List) -> str:
    """Tell apart the class threshold, the mask threshold and the area."""
    best = max(float(item.class_scores.max()) for item in before if len(item))
    passing = [resolve_masks(item[hook.keep_by_class(item)]) for item in before]
    if not sum(map(len, passing)):
        return (f'They vanish in {hook.name} at the class threshold: the best class score of this '
                f'step is {best:.3f}. Lower class_thr, or lengthen model.burn_in so that the '
                'teacher is surer before it teaches.')
    quality = max(float(item.mask_scores.max()) for item in passing if len(item))
    if not any(bool(hook.keep_by_mask(item).any()) for item in passing):
        return (f'They vanish in {hook.name} at the mask threshold: {sum(map(len, passing))} '
                f'instances pass the class threshold, their best mask score is {quality:.3f}. '
                'Lower mask_thr, or lengthen model.burn_in.')
    return (f'They vanish in {hook.name} at the area: no mask that passes the thresholds has more '
            f'than min_area = {hook.min_area} pixels. Lower min_area or enlarge the images.')
