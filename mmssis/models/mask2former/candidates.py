"""Candidates of a Mask2Former, and the joint forward of its student."""

from typing import List, Tuple

import torch
from mmdet.models.detectors import MaskFormer
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.models.candidates import Batch, Candidates, Losses
from mmssis.ops import class_quality

from .mask_iou_head import MaskIoUMask2FormerHead


@MODELS.register_module()
class Mask2FormerCandidates(Candidates):
    """Candidates of a MaskFormer or Mask2Former: its queries, undecided.

    mmdet's fusion head multiplies class and mask score, emits a query once per class and
    upsamples all masks first. Here every query is one candidate under its best class, class
    probabilities and mask logits stay apart, and masks stay at stride 4. Where the head predicts
    IoUs (``MaskIoUMask2FormerHead``) they are the mask scores.
    """

    has_joint_forward = True

    def __call__(self, teacher: MaskFormer, images: Tensor,
                 data_samples: SampleList) -> List[InstanceData]:
        """Run the teacher.

        Args:
            teacher: the detector whose head gives class and mask logits per query.
            images: weak views, (B, 3, H, W), normalised.
            data_samples: their B samples.

        Returns:
            Candidates of each image, see :meth:`from_logits`.
        """
        features = teacher.extract_feat(images)
        cls_logits, mask_logits = (
            layers[-1] for layers in teacher.panoptic_head(features, data_samples))
        if not isinstance(teacher.panoptic_head, MaskIoUMask2FormerHead):
            return [self.from_logits(*image, images.shape[-2:])
                    for image in zip(cls_logits, mask_logits)]
        candidates = [self.from_logits(*image, images.shape[-2:])
                      for image in zip(cls_logits[..., :-1], mask_logits)]
        for instances, iou_logits in zip(candidates, cls_logits[..., -1]):
            instances.mask_scores = iou_logits.float().sigmoid()
        return candidates

    def joint_losses(self, student: MaskFormer, labeled: Batch,
                     unlabeled: Batch) -> Tuple[Losses, Losses]:
        """Losses of labeled and unlabeled images from one forward: those of two forwards.

        Args:
            student: the detector, with a ``WeightedMask2FormerHead``.
            labeled: images (B, 3, H, W) and their samples.
            unlabeled: images (B', 3, H, W) and their samples with pseudo labels.

        Returns:
            Losses on labels and losses on pseudo labels.
        """
        (sup_images, sup_samples), (unsup_images, unsup_samples) = labeled, unlabeled
        head, cut = student.panoptic_head, len(sup_images)
        features = student.extract_feat(torch.cat([sup_images, unsup_images]))
        outputs = head(features, sup_samples + unsup_samples)
        sup, unsup = ([[layer[part] for layer in kind] for kind in outputs]
                      for part in (slice(cut), slice(cut, None)))
        return (head.loss_of_outputs(sup, sup_samples),
                head.loss_of_outputs(unsup, unsup_samples))

    @staticmethod
    def from_logits(cls_logits: Tensor, mask_logits: Tensor,
                    input_shape: Tuple[int, int]) -> InstanceData:
        """Candidates of one image.

        Args:
            cls_logits: (Q, K + 1), the last column is no-object.
            mask_logits: (Q, h, w), at the network's native stride.
            input_shape: (H, W) of the padded network input.

        Returns:
            Q candidates with ``labels``, ``class_probs``, ``class_scores``, ``mask_logits`` and
            ``query_inds``, their places among the queries.
        """
        scores, labels, probs = class_quality(cls_logits)
        return InstanceData(
            metainfo=dict(input_shape=tuple(input_shape)),
            labels=labels,
            class_probs=probs,
            class_scores=scores,
            mask_logits=mask_logits,
            query_inds=torch.arange(len(labels), device=labels.device))
