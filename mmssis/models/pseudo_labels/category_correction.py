"""What the corrections of classes by a region classifier share."""

from typing import Callable, List, Tuple

import torch
from mmdet.registry import MODELS
from mmdet.utils import ConfigType
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.structures import PseudoLabelContext, resolve_masks

from .base import PseudoLabelHook

Fusion = Callable[[Tensor, Tensor], Tuple[Tensor, Tensor]]


class CategoryCorrection(PseudoLabelHook):
    """Base of the hooks that ask a region classifier for the classes of pseudo labels.

    The classifier runs once per step on the regions of all images of the rank. Nothing is
    dropped and no threshold is applied again. The new class probabilities are scaled by the
    teacher's evidence for any class (the sum of its probabilities, at most 1), so that old and
    new ones have one scale for what reads them, ``AligningWeights`` say.

    Args:
        classifier: config of a :class:`mmssis.models.clip.RegionClassifier`.
    """

    def __init__(self, classifier: ConfigType) -> None:
        super().__init__()
        self.classifier = MODELS.build(classifier)

    def prepare(self, classes: Tuple[str, ...]) -> None:
        """Load the classifier."""
        self.classifier.prepare(classes)

    def correct(self, pseudo_labels: List[InstanceData], context: PseudoLabelContext,
                can_change: Callable[[Tensor], Tensor], fuse: Fusion) -> List[InstanceData]:
        """Correct labels, class_probs and class_scores in place.

        Args:
            pseudo_labels: one per image.
            context: of the same batch.
            can_change: which rows of the teacher's distributions (N, K), normalised over K, the
                classifier is asked about, bool (N,).
            fuse: labels (N,) and distributions (N, K) from the teacher's and the classifier's.
        """
        teacher_probs = [normalize_rows(found.class_probs) for found in pseudo_labels]
        selected = [can_change(probs) for probs in teacher_probs]
        # One wait for the device per step: how many regions each image sends.
        rows = torch.cat(selected).nonzero().flatten()
        if len(rows) == 0:
            return pseudo_labels
        self.check_scores(pseudo_labels)
        regions = [as_region(resolve_masks(found[mask]), meta) for found, mask, meta in zip(
            pseudo_labels, selected, context.metas)]
        clip_probs = torch.cat(self.classifier(context.rgb_images(), regions))
        teacher_rows = torch.cat(teacher_probs)[rows]
        known = self.classifier.constants['covers'][teacher_rows.argmax(-1)]
        labels, probs = fuse(teacher_rows, clip_probs)
        write(pseudo_labels, rows[known], labels[known], probs[known])
        return pseudo_labels

    def check_scores(self, pseudo_labels: List[InstanceData]) -> None:
        """Raise if instances arrive that the hook's settings exclude."""


def write(pseudo_labels: List[InstanceData], rows: Tensor, labels: Tensor,
          probs: Tensor) -> None:
    """Write distributions back, scaled by the teacher's evidence for any class.

    Args:
        pseudo_labels: one per image, N instances in all.
        rows: which of the N are written, (n,).
        labels: their labels (n,).
        probs: their distributions (n, K).
    """
    evidence = torch.cat([found.class_probs for found in pseudo_labels])[rows].sum(-1)
    probs = probs * evidence.clamp(max=1)[:, None]
    counts = [len(found) for found in pseudo_labels]
    new = {'labels': labels, 'class_probs': probs, 'class_scores': probs.amax(-1)}
    for name, values in new.items():
        old = torch.cat([found[name] for found in pseudo_labels])
        merged = old.index_copy(0, rows, values.to(old.dtype))
        for found, part in zip(pseudo_labels, merged.split(counts)):
            found.set_field(part, name)


def keep_teacher_labels(pseudo_labels: List[InstanceData]) -> None:
    """Keep the labels before the correction as ``teacher_labels``."""
    for instances in pseudo_labels:
        instances.teacher_labels = instances.labels


def normalize_rows(probs: Tensor) -> Tensor:
    """Normalise class probabilities (N, K) over K: without no-object's share."""
    return probs / probs.sum(dim=-1, keepdim=True).clamp(min=torch.finfo(probs.dtype).tiny)


def as_region(instances: InstanceData, meta: dict) -> InstanceData:
    """Boxes and masks of instances, and the shape of the image without its padding."""
    return InstanceData(metainfo=dict(img_shape=tuple(meta['img_shape'][:2])),
                        bboxes=instances.bboxes, masks=instances.masks)
