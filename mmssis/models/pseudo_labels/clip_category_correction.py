"""Dynamic instance category correction (DICC)."""

from functools import partial
from typing import List, Optional

import torch
from mmdet.registry import MODELS
from mmdet.utils import ConfigType
from mmengine.structures import InstanceData

from mmssis.ops import correction_can_change, fuse_class_probs, fusion_weight
from mmssis.structures import PseudoLabelContext
from mmssis.utils.settings import check_range

from .category_correction import CategoryCorrection, keep_teacher_labels

SCHEDULES = ('semi', 'constant')


@MODELS.register_module()
class ClipCategoryCorrection(CategoryCorrection):
    """Correct the classes of pseudo labels by a region classifier (PL-DC Eq. 6-9).

    The teacher's distribution p, normalised over the K classes, and the classifier's q are fused
    to ``w q + (1 - w) p``, with w falling from 0.5 to 0; the most likely class is the new label.

    The classifier runs only on regions whose label it could change: with p1 and p2 the
    teacher's two best classes, it cannot where ``(1 - w) p1 > (1 - w) p2 + w``. Behind a class
    threshold c_t that holds for all as soon as ``w < (2 c_t - 1) / (2 c_t)``: after 27.6 % of the
    semi-supervised phase at c_t = 0.85. The labels are those of a run without this shortcut;
    ``class_probs`` and ``class_scores`` of the instances that were skipped stay the teacher's.

    Args:
        classifier: config of a :class:`mmssis.models.clip.RegionClassifier`.
        schedule: 'semi': w by the progress of the semi-supervised phase (released code);
            'constant': w stays 0.5, for a classifier that stays better than the teacher (not in
            the paper; docs/results.md).
        class_thr: class threshold of the filter before this hook, in (0.5, 1]. With it the
            classifier is freed once no label can change any more; None keeps it.

    Raises:
        ValueError: if a setting is out of its range.
    """

    def __init__(self,
                 classifier: ConfigType,
                 schedule: str = 'semi',
                 class_thr: Optional[float] = None) -> None:
        super().__init__(classifier)
        if schedule not in SCHEDULES:
            raise ValueError(f'schedule = {schedule!r}: give one of {SCHEDULES}')
        if class_thr is not None:
            check_range('class_thr', class_thr, 0.5, 1, open_low=True)
        self.schedule = schedule
        self.class_thr = class_thr

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Correct labels, class_probs and class_scores; keep the old ones as teacher_labels."""
        keep_teacher_labels(pseudo_labels)
        weight = fusion_weight(context.progress if self.schedule == 'semi' else 0.0)
        if self.class_thr is not None and not self.any_can_change(weight):
            self.classifier.free()
            return pseudo_labels
        return self.correct(pseudo_labels, context, partial(correction_can_change, weight=weight),
                            partial(fuse_class_probs, weight=weight))

    def any_can_change(self, weight: float) -> bool:
        """Say whether a label of an instance that passed ``class_thr`` can change at all."""
        weakest = torch.tensor([[self.class_thr, 1 - self.class_thr]])
        return bool(correction_can_change(weakest, weight))

    def check_scores(self, pseudo_labels: List[InstanceData]) -> None:
        """Raise if instances below ``class_thr`` arrive: they would miss their correction."""
        if self.class_thr is None:
            return
        lowest = torch.cat([found.class_scores for found in pseudo_labels]).min()
        if lowest < self.class_thr:
            raise ValueError(f'class_thr = {self.class_thr} of ClipCategoryCorrection, but a '
                             f'pseudo label with class score {lowest:.3f} arrived: set it to the '
                             'threshold of the filter before it, or to None')
