"""Dynamic instance category correction (DICC)."""

from typing import List, Optional, Tuple

import torch
from mmdet.registry import MODELS
from mmdet.utils import ConfigType
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import correction_can_change, fuse_class_probs, fusion_weight
from mmssis.structures import PseudoLabelContext, resolve_masks
from mmssis.utils.settings import check_range

from .base import PseudoLabelHook

SCHEDULES = ('semi', 'constant')


@MODELS.register_module()
class ClipCategoryCorrection(PseudoLabelHook):
    """Correct the classes of pseudo labels by a region classifier (PL-DC Eq. 6-9).

    The teacher's distribution p, normalised over the K classes, and the classifier's q are fused
    to ``w q + (1 - w) p``, with w falling from 0.5 to 0; the most likely class is the new label.
    Nothing is dropped and no threshold is applied again.

    The classifier runs once per step on the regions of all images of the rank, and only on those
    whose label it could change: with p1 and p2 the teacher's two best classes, none can where
    ``(1 - w) p1 > (1 - w) p2 + w``. Behind a class threshold c_t that holds for all as soon as
    ``w < (2 c_t - 1) / (2 c_t)``: after 27.6 % of the semi-supervised phase at c_t = 0.85. The
    labels are those of a run without this shortcut; ``class_probs`` and ``class_scores`` of
    the instances that were skipped stay the teacher's. The fused ones are scaled by the teacher's
    evidence for any class (the sum of its probabilities, at most 1), so that both have one scale
    for what reads them, ``AligningWeights`` say.

    Args:
        classifier: config of a :class:`mmssis.models.clip.RegionClassifier`.
        schedule: 'semi': w by the progress of the semi-supervised phase (released code);
            'constant': w stays 0.5, for a classifier that stays better than the teacher (not in
            the paper; docs/results.md).
        class_thr: class threshold of the filter before this hook, in (0.5, 1]. With it the
            classifier is freed once no label can change any more; None keeps it.
    """

    def __init__(self,
                 classifier: ConfigType,
                 schedule: str = 'semi',
                 class_thr: Optional[float] = None) -> None:
        super().__init__()
        if schedule not in SCHEDULES:
            raise ValueError(f'schedule = {schedule!r}: give one of {SCHEDULES}')
        if class_thr is not None:
            check_range('class_thr', class_thr, 0.5, 1, open_low=True)
        self.classifier = MODELS.build(classifier)
        self.schedule = schedule
        self.class_thr = class_thr

    def prepare(self, classes: Tuple[str, ...]) -> None:
        """Load the classifier."""
        self.classifier.prepare(classes)

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Correct labels, class_probs and class_scores; keep the old ones as teacher_labels."""
        for instances in pseudo_labels:
            instances.teacher_labels = instances.labels
        weight = fusion_weight(context.progress if self.schedule == 'semi' else 0.0)
        if self.class_thr is not None and not self.any_can_change(weight):
            self.classifier.free()
            return pseudo_labels
        teacher_probs = [normalize_rows(found.class_probs) for found in pseudo_labels]
        selected = [correction_can_change(probs, weight) for probs in teacher_probs]
        # One wait for the device per step: how many regions each image sends.
        rows = torch.cat(selected).nonzero().flatten()
        if len(rows) == 0:
            return pseudo_labels
        self.check_class_thr(pseudo_labels)
        regions = [as_region(resolve_masks(found[mask]), meta) for found, mask, meta in zip(
            pseudo_labels, selected, context.metas)]
        clip_probs = torch.cat(self.classifier(context.rgb_images(), regions))
        self.write(pseudo_labels, rows, torch.cat(teacher_probs)[rows], clip_probs, weight)
        return pseudo_labels

    def any_can_change(self, weight: float) -> bool:
        """Say whether a label of an instance that passed ``class_thr`` can change at all."""
        weakest = torch.tensor([[self.class_thr, 1 - self.class_thr]])
        return bool(correction_can_change(weakest, weight))

    def check_class_thr(self, pseudo_labels: List[InstanceData]) -> None:
        """Raise if instances below ``class_thr`` arrive: they would miss their correction."""
        if self.class_thr is None:
            return
        lowest = torch.cat([found.class_scores for found in pseudo_labels]).min()
        if lowest < self.class_thr:
            raise ValueError(f'class_thr = {self.class_thr} of ClipCategoryCorrection, but a '
                             f'pseudo label with class score {lowest:.3f} arrived: set it to the '
                             'threshold of the filter before it, or to None')

    def write(self, pseudo_labels: List[InstanceData], rows: Tensor, teacher_probs: Tensor,
              clip_probs: Tensor, weight: float) -> None:
        """Write the fused distributions of ``rows`` back, for classes that the classifier knows."""
        labels, probs = fuse_class_probs(teacher_probs, clip_probs, weight)
        covered = self.classifier.constants['covers'][teacher_probs.argmax(-1)]
        rows, labels = rows[covered], labels[covered]
        evidence = torch.cat([found.class_probs for found in pseudo_labels])[rows].sum(-1)
        probs = probs[covered] * evidence.clamp(max=1)[:, None]
        new = {
            'labels': labels,
            'class_probs': probs,
            'class_scores': probs.amax(-1),
        }
        counts = [len(found) for found in pseudo_labels]
        for name, values in new.items():
            old = torch.cat([found[name] for found in pseudo_labels])
            merged = old.index_copy(0, rows, values.to(old.dtype))
            for found, part in zip(pseudo_labels, merged.split(counts)):
                found.set_field(part, name)


def normalize_rows(probs: Tensor) -> Tensor:
    """Normalise class probabilities (N, K) over K: without no-object's share."""
    return probs / probs.sum(dim=-1, keepdim=True).clamp(min=torch.finfo(probs.dtype).tiny)


def as_region(instances: InstanceData, meta: dict) -> InstanceData:
    """Boxes and masks of instances, and the shape of the image without its padding."""
    return InstanceData(metainfo=dict(img_shape=tuple(meta['img_shape'][:2])),
                        bboxes=instances.bboxes, masks=instances.masks)
