"""Failures of training that are named when they begin, not found after days."""

import math
from collections import Counter
from typing import Any, Dict, List, Optional, Tuple

import torch
from mmdet.registry import HOOKS
from mmengine.dist import all_gather_object, all_reduce
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.engine.collapse import Period, explain_collapse
from mmssis.engine.semi_detector import semi_detector
from mmssis.structures import PseudoLabelContext
from mmssis.utils.settings import check_range

from .pseudo_label_listener import PseudoLabelListener


@HOOKS.register_module()
class TrainingGuardHook(PseudoLabelListener):
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
        max_unsup_to_sup: largest ratio of unsupervised to supervised loss without a warning.
        max_pseudo_to_gt: largest ratio of pseudo labels to labeled instances per image without
            a warning.
    """

    # Before the teacher's update, the log and the checkpoint of the same iteration.
    priority = 'HIGH'

    def __init__(self,
                 empty_patience: int = 500,
                 max_unsup_to_sup: float = 5.0,
                 max_pseudo_to_gt: float = 3.0) -> None:
        place = 'default_hooks.guard.'
        self.empty_patience = check_range(place + 'empty_patience', empty_patience, 1, whole=True)
        self.max_unsup_to_sup = check_range(place + 'max_unsup_to_sup', max_unsup_to_sup, 0,
                                            open_low=True)
        self.max_pseudo_to_gt = check_range(place + 'max_pseudo_to_gt', max_pseudo_to_gt, 0,
                                            open_low=True)
        self._empty_steps = 0
        self._period = Period()
        self._counts: Counter = Counter()
        self._stages: Dict[str, List[InstanceData]] = {}

    def hear(self, stage: str, pseudo_labels: List[InstanceData],
             context: PseudoLabelContext) -> None:
        """Count the instances; keep the stages of a step that may prove a collapse."""
        if stage == 'candidates':
            self._counts['images'] += len(pseudo_labels)
        self._counts[stage] += sum(map(len, pseudo_labels))
        if self._empty_steps == self.empty_patience - 1:
            self._stages[stage] = pseudo_labels

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                         outputs: Optional[Dict[str, Tensor]] = None) -> None:
        """Look at the losses and the number of pseudo labels of this step on all ranks."""
        detector = semi_detector(runner)
        device = next(detector.student.parameters()).device
        last = ['candidates', *detector.pseudo_label_hooks][-1]
        counts, stages = self._counts, self._stages
        self._counts, self._stages = Counter(), {}
        labeled, instances = count_labeled(data_batch)
        terms = {name: torch.as_tensor(value, device=device, dtype=torch.float32).detach().mean()
                 for name, value in (outputs or {}).items()}
        host = torch.tensor([
            float(counts['images']), float(counts[last]), labeled, instances], device=device)
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
            if self._empty_steps == self.empty_patience:
                self._warn_of_collapse(runner, explain_collapse(
                    stages, detector.pseudo_label_hooks))
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

    def _warn_of_collapse(self, runner: Runner, reason: str) -> None:
        """After a period without any pseudo label, say where they vanish."""
        runner.logger.warning(f'No pseudo label in the last {self._empty_steps} steps (iteration '
                              f'{runner.iter + 1}). {reason}')
        self._empty_steps = 0

    def _warn_of_imbalance(self, runner: Runner) -> None:
        """At the end of a period, compare pseudo labels with labels."""
        if self._period.steps < self.empty_patience:
            return
        loss_ratio, instance_ratio = self._period.ratios()
        self._period = Period()
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
                'threshold, or see with `mmssis report` of the work directory whether objects are '
                'split or invented.')


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
