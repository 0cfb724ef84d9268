"""Teacher, student and one training step of semi-supervised instance segmentation."""

import math
from types import MappingProxyType
from typing import (Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence,
                    Tuple, Union)

import numpy as np
import torch
from mmdet.models.detectors import SemiBaseDetector
from mmdet.models.utils import rename_loss_dict, reweight_loss_dict
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, OptConfigType, OptMultiConfig
from mmengine.structures import InstanceData
from torch import Tensor, nn
from typing_extensions import Self

from mmssis.models.pseudo_labels import (DoubtfulRegions, LearnsFromLabels, ThresholdFilter,
                                         build_pseudo_label_hooks)
from mmssis.structures import PseudoLabelContext, move_doubtful, move_pseudo_labels, view_to_view
from mmssis.utils.settings import check_burn_in, check_range

MultiBranch = Dict[str, Tensor]
Watcher = Callable[[str, List[InstanceData], PseudoLabelContext], None]


class Batch(NamedTuple):
    """Images (B, 3, H, W) and their samples."""

    images: Tensor
    data_samples: SampleList


@MODELS.register_module()
class SemiInstanceSegmentor(SemiBaseDetector):
    """Mean teacher with pseudo-label hooks; the base of all methods.

    Burn-in is supervised only. At its end the teacher becomes a hard copy of the student, from
    then on it is the student's moving average; ``TeacherEMAHook`` does both. The loop hands in the
    clock (:meth:`set_clock`) before every iteration.

    Args:
        detector: config of the detector that is student and teacher.
        candidates: config of the adapter of the detector's family: it reads the teacher's output,
            and knows how the student learns, see :class:`~mmssis.models.candidates.Candidates`.
        pseudo_label_hooks: name -> config of each hook, in order, see
            :func:`~mmssis.models.pseudo_labels.build_pseudo_label_hooks`; None leaves one out.
        burn_in: number of iterations with labeled images only; 'auto': until ``BurnInHook`` ends
            it by :meth:`end_burn_in`.
        sup_weight: weight of the supervised losses.
        unsup_weight: weight of the unsupervised losses, the paper's lambda.
        ramp_up: iterations after burn-in during which ``unsup_weight`` grows linearly from 0.
        predict_on: 'teacher' or 'student', the branch that predicts.
        data_preprocessor: config of :class:`SemiDataPreprocessor`.
        init_cfg: initialisation of the whole model.

    Raises:
        ValueError: if a setting is out of its range, or if the candidates' threshold is above
            that of the first filter.
    """

    def __init__(self,
                 detector: ConfigType,
                 candidates: ConfigType,
                 pseudo_label_hooks: Mapping[str, Optional[ConfigType]] = MappingProxyType({}),
                 burn_in: Union[int, str] = 0,
                 sup_weight: float = 1.0,
                 unsup_weight: float = 1.0,
                 ramp_up: int = 0,
                 predict_on: str = 'teacher',
                 data_preprocessor: OptConfigType = None,
                 init_cfg: OptMultiConfig = None) -> None:
        for name, value in dict(sup_weight=sup_weight, unsup_weight=unsup_weight,
                                ramp_up=ramp_up).items():
            check_range(f'model.{name}', value, 0)
        check_burn_in('model.burn_in', burn_in)
        super().__init__(
            detector,
            semi_train_cfg=dict(freeze_teacher=True),
            semi_test_cfg=dict(),
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg)
        self.candidates = MODELS.build(candidates)
        self.pseudo_label_hooks = build_pseudo_label_hooks(pseudo_label_hooks)
        self._check_thresholds()
        for hook in self._learning_hooks():
            hook.attach(self.teacher)
        self.ends_burn_in_itself = burn_in == 'auto'
        self.burn_in: float = math.inf if self.ends_burn_in_itself else burn_in
        self.sup_weight = sup_weight
        self.unsup_weight = unsup_weight
        self.ramp_up = ramp_up
        self.predict_on = predict_on
        self._watchers: List[Watcher] = []
        self.set_clock(0, 1)

    def _check_thresholds(self) -> None:
        """Refuse a threshold of the candidates that hides some from a hook that reads them all."""
        hooks = self.pseudo_label_hooks.items()
        readers = [item for item in hooks if isinstance(item[1], ThresholdFilter)][:1]
        readers += [item for item in hooks if isinstance(item[1], DoubtfulRegions)]
        score_thr = self.candidates.score_thr
        for name, hook in readers if score_thr is not None else []:
            if score_thr > hook.lowest_class_score:
                raise ValueError(
                    f'model.candidates.score_thr = {score_thr} is above '
                    f'{hook.lowest_class_score}, the lowest class score that '
                    f'model.pseudo_label_hooks.{name} keeps: what is between the two would never '
                    'reach the filter. Set both')

    def _learning_hooks(self) -> List[LearnsFromLabels]:
        """The pseudo-label hooks that learn from labeled images."""
        return [hook for hook in self.pseudo_label_hooks.values()
                if isinstance(hook, LearnsFromLabels)]

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
        self.teach_hooks(branches)
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
    def teach_hooks(self, branches: Dict[str, Batch]) -> None:
        """Let the hooks that learn from labels see the teacher's output on labeled weak views."""
        hooks = [hook for hook in self._learning_hooks() if hook.wants_labels(self._iteration)]
        if hooks and 'sup' in branches:
            candidates = self.candidates(self.teacher, *branches['sup'])
            for hook in hooks:
                hook.learn(candidates, branches['sup'].data_samples)

    @torch.no_grad()
    def predict_pseudo_labels(self, images: Tensor,
                              data_samples: SampleList) -> List[InstanceData]:
        """Pseudo labels of a batch of weak views; every stage is shown to the watchers.

        Args:
            images: (B, 3, H, W), normalised.
            data_samples: their samples.

        Returns:
            Pseudo labels of each image.
        """
        context = self.context_of(images, data_samples)
        for stage, pseudo_labels in self.pseudo_label_stages(images, data_samples, context):
            for watcher in tuple(self._watchers):
                watcher(stage, pseudo_labels, context)
        return pseudo_labels

    @torch.no_grad()
    def pseudo_label_stages(self, images: Tensor, data_samples: SampleList,
                            context: Optional[PseudoLabelContext] = None,
                            detector: Optional[nn.Module] = None
                            ) -> Iterator[Tuple[str, List[InstanceData]]]:
        """Candidates, then what each hook makes of them, stage by stage.

        Args:
            images: weak views, (B, 3, H, W), normalised.
            data_samples: their samples.
            context: of this batch, as from :meth:`context_of`, which makes it if not given.
            detector: what sees the candidates; the teacher if not given.

        Yields:
            Name of the stage ('candidates', then each hook's) and the instances of each image
            after it.
        """
        context = self.context_of(images, data_samples) if context is None else context
        pseudo_labels = self.candidates(detector or self.teacher, images, data_samples)
        if any(hook.reads_candidates for hook in self.pseudo_label_hooks.values()):
            context.candidates = pseudo_labels
        yield 'candidates', pseudo_labels
        for name, hook in self.pseudo_label_hooks.items():
            pseudo_labels = hook.run(pseudo_labels, context)
            yield name, pseudo_labels

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Show each stage of :meth:`predict_pseudo_labels` to a function.

        Args:
            watcher: called as ``watcher(stage, pseudo_labels, context)``; it must not change
                what it sees.

        Returns:
            A function that ends this; calling it again does nothing.
        """
        def stop() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        self._watchers.append(watcher)
        return stop

    def context_of(self, images: Tensor, data_samples: SampleList) -> PseudoLabelContext:
        """What the pseudo-label hooks may know about a batch of weak views."""
        return PseudoLabelContext(
            images=images,
            metas=[sample.metainfo for sample in data_samples],
            progress=self.progress,
            box_labels=[
                sample.gt_instances if sample.metainfo.get('box_labeled', False) else None
                for sample in data_samples
            ],
            pixel_mean=self.data_preprocessor.pixel_mean,
            pixel_std=self.data_preprocessor.pixel_std,
            channels=self.data_preprocessor.channels)

    def pseudo_labeled_batch(self, teacher_views: Batch, student_views: Batch,
                             pseudo_labels: List[InstanceData]) -> Batch:
        """The student's views with the pseudo labels of the teacher's views moved into them."""
        for source, target, instances in zip(
                teacher_views.data_samples, student_views.data_samples, pseudo_labels):
            matrix = view_to_view(source, target)
            target.gt_instances = move_pseudo_labels(
                instances, matrix, tuple(target.batch_input_shape), target.img_shape)
            move_doubtful(instances, target.gt_instances, matrix, target.img_shape,
                          tuple(target.batch_input_shape))
            target.set_metainfo(dict(
                pseudo_labeled=True, to_weak_view=np.linalg.inv(matrix),
                weak_shape=tuple(source.img_shape[:2])))
        return student_views

    def student_losses(self, labeled: Optional[Batch], unlabeled: Optional[Batch] = None
                       ) -> Dict[str, Tensor]:
        """Losses of the student on labels and on pseudo labels, where there are such images.

        Both come from one forward where the family offers it and the sizes agree; the losses are
        those of two forwards.
        """
        sup, unsup = {}, {}
        if self._has_joint_forward(labeled, unlabeled):
            sup, unsup = self.candidates.joint_losses(self.student, labeled, unlabeled)
        else:
            if labeled is not None:
                sup = self.student.loss(*labeled)
            if unlabeled is not None:
                unsup = self.candidates.unlabeled_losses(
                    self.student, self.teacher, unlabeled)
        losses = self.weigh('sup_', sup, self.sup_weight)
        if unlabeled is not None:
            losses.update(self.weigh('unsup_', unsup, self.unsup_scale(unlabeled)))
        return losses

    def _has_joint_forward(self, labeled: Optional[Batch], unlabeled: Optional[Batch]) -> bool:
        """Whether the student may see labeled and unlabeled images in one forward."""
        return (self.candidates.has_joint_forward
                and labeled is not None and unlabeled is not None
                and labeled.images.shape[1:] == unlabeled.images.shape[1:])

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
        return self.ramped_weight

    @property
    def ramped_weight(self) -> float:
        """``unsup_weight`` of this iteration: it grows from 0 during ``ramp_up``."""
        elapsed = self._iteration - self.burn_in
        ramp = min(elapsed / self.ramp_up, 1.0) if self.ramp_up else 1.0
        return self.unsup_weight * ramp

    def prepare(self, classes: Sequence[str]) -> None:
        """Let every pseudo-label hook load what it needs, once, before anything starts.

        Args:
            classes: class names of the data set, in label order.
        """
        for hook in self.pseudo_label_hooks.values():
            hook.prepare(tuple(classes))

    def set_clock(self, iteration: int, max_iters: int) -> None:
        """Say where the run stands; ``SemiTrainLoop`` does so before each iteration.

        Args:
            iteration: of the run, from 0.
            max_iters: number of iterations of the run.
        """
        self._iteration, self._max_iters = iteration, max_iters

    def end_burn_in(self, iteration: int) -> None:
        """Say before which iteration burn-in ends; without it ``burn_in='auto'`` never does.

        Args:
            iteration: of the run, from 0.
        """
        self.burn_in = iteration

    def is_supervised(self, max_iters: int) -> bool:
        """Whether burn-in is known to last to the end of a run.

        Args:
            max_iters: number of iterations of the run.
        """
        return not self.ends_burn_in_itself and self.burn_in >= max_iters

    @property
    def in_burn_in(self) -> bool:
        """Whether the current iteration learns from labeled images only."""
        return self._iteration < self.burn_in

    @property
    def progress(self) -> float:
        """Progress of the semi-supervised phase in [0, 1]."""
        elapsed = max(self._iteration - self.burn_in, 0)
        return min(elapsed / max(self._max_iters - self.burn_in, 1), 1.0)

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


@MODELS.register_module()
class PLDC(SemiInstanceSegmentor):
    """Pseudo-Label Quality Decoupling and Correction (PL-DC) on Mask2Former.

    The method's three parts are pseudo-label hooks (``DualThresholdFilter``,
    ``ClipCategoryCorrection``, ``MaskUncertainty``) and the head that reads pixel weights
    (``WeightedMask2FormerHead``).
    """


@MODELS.register_module()
class PAIS(SemiInstanceSegmentor):
    """Pseudo-label Aligning Instance Segmentation on K-Net, Mask2Former and Mask R-CNN.

    The dual thresholds and the aligning weights are pseudo-label hooks (``DualThresholdFilter``
    on class score and predicted mask IoU, ``AligningWeights``). Teacher and student see views of
    different geometry. The weights of the background in Mask R-CNN are the setting
    ``teacher_background`` of ``MaskRCNNCandidates``.
    """
