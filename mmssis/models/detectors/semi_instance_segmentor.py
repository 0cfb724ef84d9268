"""Teacher, student and one training step of semi-supervised instance segmentation."""

from collections import Counter
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmdet.models.detectors import SemiBaseDetector
from mmdet.models.utils import rename_loss_dict, reweight_loss_dict
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmdet.utils import ConfigType, OptConfigType, OptMultiConfig
from mmengine.logging import MessageHub
from mmengine.structures import InstanceData
from torch import Tensor, nn
from typing_extensions import Self

from mmssis.structures import PseudoLabelContext, project_instances, resolve_masks, view_to_view

MultiBranch = Dict[str, Tensor]


class Batch(NamedTuple):
    """Images (B, 3, H, W) and their samples."""

    images: Tensor
    data_samples: SampleList


@MODELS.register_module()
class SemiInstanceSegmentor(SemiBaseDetector):
    """Mean teacher with pseudo-label hooks; the base of all methods.

    Burn-in is supervised only. At its end the teacher becomes a hard copy of the student, from
    then on it is the student's moving average; both is done by ``TeacherEMAHook``.

    Args:
        detector: config of the detector that is student and teacher.
        candidates: config of the adapter that reads the teacher's output.
        pseudo_label_hooks: configs of the hooks, in their order.
        burn_in: number of iterations with labeled images only.
        sup_weight: weight of the supervised losses.
        unsup_weight: weight of the unsupervised losses, the paper's lambda.
        ramp_up: iterations after burn-in during which ``unsup_weight`` grows linearly from 0.
        predict_on: 'teacher' or 'student', the branch that predicts.
        data_preprocessor: config of :class:`SemiDataPreprocessor`.
        init_cfg: initialisation of the whole model.
    """

    def __init__(self,
                 detector: ConfigType,
                 candidates: ConfigType,
                 pseudo_label_hooks: Sequence[ConfigType] = (),
                 burn_in: int = 0,
                 sup_weight: float = 1.0,
                 unsup_weight: float = 1.0,
                 ramp_up: int = 0,
                 predict_on: str = 'teacher',
                 data_preprocessor: OptConfigType = None,
                 init_cfg: OptMultiConfig = None) -> None:
        for name, value in dict(burn_in=burn_in, sup_weight=sup_weight,
                                unsup_weight=unsup_weight, ramp_up=ramp_up).items():
            if value < 0:
                raise ValueError(f'model.{name} = {value}: give a number >= 0')
        super().__init__(
            detector,
            semi_train_cfg=dict(freeze_teacher=True),
            semi_test_cfg=dict(),
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg)
        self.candidates = MODELS.build(candidates)
        self.pseudo_label_hooks = nn.ModuleList(MODELS.build(cfg) for cfg in pseudo_label_hooks)
        for hook in self.pseudo_label_hooks:
            hook.attach(self.teacher)
        self.burn_in = burn_in
        self.sup_weight = sup_weight
        self.unsup_weight = unsup_weight
        self.ramp_up = ramp_up
        self.predict_on = predict_on
        self.teacher_ready = False
        self.keep_trace = False
        self.trace: Optional[Dict[str, List[InstanceData]]] = None
        self.trace_context: Optional[PseudoLabelContext] = None
        self.pseudo_label_counts: Counter = Counter()

    def loss(self, multi_batch_inputs: MultiBranch,
             multi_batch_data_samples: Dict[str, SampleList]) -> Dict[str, Tensor]:
        """One training step.

        Args:
            multi_batch_inputs: images (B, 3, H, W) of each branch: ``sup``, optionally
                ``sup_strong``, and after burn-in ``unsup_teacher`` and ``unsup_student``.
            multi_batch_data_samples: the samples of each branch.

        Returns:
            Losses with the prefixes ``sup_`` and, after burn-in, ``unsup_``.
        """
        branches = {
            name: Batch(images, multi_batch_data_samples[name])
            for name, images in multi_batch_inputs.items()
        }
        labeled = self.labeled_batch(branches)
        if self.in_burn_in:
            return self.student_losses(labeled)
        self.show_labels(branches)
        pseudo_labels = self.predict_pseudo_labels(*branches['unsup_teacher'])
        unlabeled = self.pseudo_labeled_batch(
            branches['unsup_teacher'], branches['unsup_student'], pseudo_labels)
        return self.student_losses(labeled, unlabeled)

    def labeled_batch(self, branches: Dict[str, Batch]) -> Optional[Batch]:
        """Labeled images in all their views, one after the other; None without any."""
        views = [branches[name] for name in ('sup', 'sup_strong') if name in branches]
        return None if not views else Batch(
            torch.cat([view.images for view in views]),
            [sample for view in views for sample in view.data_samples])

    @torch.no_grad()
    def show_labels(self, branches: Dict[str, Batch]) -> None:
        """Let the hooks that learn from labels see the teacher's output on labeled weak views."""
        hooks = [hook for hook in self.pseudo_label_hooks if hook.wants_labels(self._clock()[0])]
        if hooks and 'sup' in branches:
            candidates = self.candidates(self.teacher, *branches['sup'])
            for hook in hooks:
                hook.learn(candidates, branches['sup'].data_samples)

    @torch.no_grad()
    def predict_pseudo_labels(self, images: Tensor,
                              data_samples: SampleList) -> List[InstanceData]:
        """Pseudo labels of a batch of weak views.

        Args:
            images: (B, 3, H, W), normalised.
            data_samples: their samples.

        Returns:
            Pseudo labels of each image, with masks as :meth:`finish` leaves them.
        """
        if self.training and not self.teacher_ready:
            raise RuntimeError('the teacher was never copied from the student: '
                               "add dict(type='TeacherEMAHook') to custom_hooks")
        self.trace = {} if self.keep_trace else None
        for stage, pseudo_labels in self.pseudo_label_stages(images, data_samples):
            self.pseudo_label_counts[stage] += sum(map(len, pseudo_labels))
            if self.keep_trace:
                self.trace[stage] = pseudo_labels
        self.pseudo_label_counts['images'] += len(images)
        return [self.finish(instances) for instances in pseudo_labels]

    def finish(self, instances: InstanceData) -> InstanceData:
        """Bring the pseudo masks of one image to the resolution of the weak view."""
        return resolve_masks(instances)

    @torch.no_grad()
    def pseudo_label_stages(self, images: Tensor, data_samples: SampleList
                            ) -> Iterator[Tuple[str, List[InstanceData]]]:
        """Candidates, then what each hook makes of them, stage by stage.

        Args:
            images: weak views, (B, 3, H, W), normalised.
            data_samples: their samples.

        Yields:
            Name of the stage and the instances of each image after it.
        """
        context = self.context_of(images, data_samples)
        self.trace_context = context if self.keep_trace else None
        pseudo_labels = self.candidates(self.teacher, images, data_samples)
        yield 'candidates', pseudo_labels
        for name, hook in self.named_hooks.items():
            pseudo_labels = hook([instances[:] for instances in pseudo_labels], context)
            yield name, pseudo_labels

    @property
    def named_hooks(self) -> Dict[str, nn.Module]:
        """The pseudo-label hooks by the name of their stage, in order; a twin is ``Name#2``."""
        named: Dict[str, nn.Module] = {}
        for hook in self.pseudo_label_hooks:
            twins = sum(hook.name == other.name for other in named.values())
            named[f'{hook.name}#{twins + 1}' if twins else hook.name] = hook
        return named

    def context_of(self, images: Tensor, data_samples: SampleList) -> PseudoLabelContext:
        """What the pseudo-label hooks may know about a batch of weak views."""
        iteration, max_iters = self._clock()
        return PseudoLabelContext(
            images=images,
            metas=[sample.metainfo for sample in data_samples],
            progress=self.progress,
            total_progress=min(iteration / max_iters, 1.0),
            weak_labels=[
                sample.gt_instances if sample.metainfo.get('box_labeled', False) else None
                for sample in data_samples
            ],
            pixel_mean=self.data_preprocessor.pixel_mean,
            pixel_std=self.data_preprocessor.pixel_std,
            channels=self.data_preprocessor.channels)

    def pseudo_labeled_batch(self, weak: Batch, strong: Batch,
                             pseudo_labels: List[InstanceData]) -> Batch:
        """The strong views, with the pseudo labels of the weak views moved into them."""
        for source, target, instances in zip(weak.data_samples, strong.data_samples,
                                             pseudo_labels):
            target.gt_instances = self.move(instances, source, target)
            target.set_metainfo(dict(pseudo_labeled=True))
        return strong

    def move(self, instances: InstanceData, source: DetDataSample,
             target: DetDataSample) -> InstanceData:
        """Pseudo labels of one image in its strong view; they stay where the views agree.

        Args:
            instances: pseudo labels in the weak view.
            source: sample of the weak view.
            target: sample of the strong view.
        """
        matrix, out_shape = view_to_view(source, target), tuple(target.batch_input_shape)
        if np.allclose(matrix, np.eye(3)) and instances.input_shape == out_shape:
            return instances
        return project_instances(instances, matrix, out_shape)

    def student_losses(self, labeled: Optional[Batch], unlabeled: Optional[Batch] = None
                       ) -> Dict[str, Tensor]:
        """Losses of the student on labels and on pseudo labels, where there are such images."""
        losses = {}
        if labeled is not None:
            losses = self.weigh('sup_', self.student.loss(*labeled), self.sup_weight)
        if unlabeled is not None:
            losses.update(self.weigh('unsup_', self.unlabeled_losses(unlabeled),
                                     self.unsup_scale(unlabeled)))
        return losses

    def unlabeled_losses(self, unlabeled: Batch) -> Dict[str, Tensor]:
        """Losses of the student on pseudo labels, not yet weighed."""
        return self.student.loss(*unlabeled)

    @staticmethod
    def weigh(prefix: str, losses: Dict[str, Tensor], weight: float) -> Dict[str, Tensor]:
        """Multiply losses and put a prefix before their names."""
        return rename_loss_dict(prefix, reweight_loss_dict(losses, weight))

    def unsup_scale(self, unlabeled: Batch) -> float:
        """Weight of the unsupervised losses of this step.

        A batch without any pseudo label says nothing about the background either, so it
        weighs 0; its forward runs all the same, since ranks share collectives.
        """
        if not any(len(sample.gt_instances) for sample in unlabeled.data_samples):
            return 0.0
        elapsed = self._clock()[0] - self.burn_in
        ramp = min(elapsed / self.ramp_up, 1.0) if self.ramp_up else 1.0
        return self.unsup_weight * ramp

    def prepare(self, classes: Sequence[str]) -> None:
        """Let every pseudo-label hook load what it needs, once, before anything starts.

        Args:
            classes: class names of the data set, in label order.
        """
        for hook in self.pseudo_label_hooks:
            hook.prepare(tuple(classes))

    def reset_counts(self) -> None:
        """Start counting pseudo labels anew."""
        self.pseudo_label_counts.clear()

    @property
    def in_burn_in(self) -> bool:
        """Whether the current iteration learns from labeled images only."""
        return self._clock()[0] < self.burn_in

    @property
    def progress(self) -> float:
        """Progress of the semi-supervised phase in [0, 1]."""
        iteration, max_iters = self._clock()
        return min(max(iteration - self.burn_in, 0) / max(max_iters - self.burn_in, 1), 1.0)

    @staticmethod
    def _clock() -> Tuple[int, int]:
        """Iteration and number of iterations, as the Runner tells them; 0 of 1 without one."""
        hub = MessageHub.get_current_instance()
        return hub.get_info('iter', 0), hub.get_info('max_iters', 1)

    @property
    def predict_on(self) -> str:
        """Branch that predicts, 'teacher' or 'student'; setting another raises ValueError."""
        return self.semi_test_cfg['predict_on']

    @predict_on.setter
    def predict_on(self, branch: str) -> None:
        if branch not in ('teacher', 'student'):
            raise ValueError(f"model.predict_on = {branch!r}: give 'teacher' or 'student'")
        self.semi_test_cfg = dict(predict_on=branch, forward_on=branch, extract_feat_on=branch)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        """Load a plain detector's checkpoint into both branches.

        mmdet tells such a checkpoint by the substrings 'student' and 'teacher' anywhere in a
        key; here the branch must be the key's first part.
        """
        branches = ('student.', 'teacher.')
        if not any(key[len(prefix):].startswith(branches) for key in state_dict):
            plain = {key: state_dict.pop(key) for key in list(state_dict)}
            state_dict.update({prefix + branch + key[len(prefix):]: value
                               for key, value in plain.items() for branch in branches})
        super()._load_from_state_dict(state_dict, prefix, *args)

    def train(self, mode: bool = True) -> Self:
        """Set the mode of the student; the teacher always stays in eval mode."""
        super().train(mode)
        self.teacher.eval()
        return self
