"""Candidates of a K-Net."""

from typing import List, Tuple

import torch
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.models.candidates import Batch, Candidates, Losses

from .detector import KNet
from .kernels import Kernels, to_stride4


@MODELS.register_module()
class KNetCandidates(Candidates):
    """Candidates of a K-Net: the kernels of its last stage, undecided.

    K-Net's own results are the best pairs of kernel and class, a mask under several classes
    perhaps, all at full size. Here every kernel is one candidate under its best class (PAIS,
    section 3.2), and masks stay at stride 4.

    Args:
        separate_negatives: what the student's class loss on pseudo labels is divided by. True:
            matched kernels by their number, the others by theirs, as in PAIS, Eq. 2 and 5; both
            are means over ranks, at least 1. False: both by the number of matched kernels, as on
            labels and in PAIS's released code.
    """

    def __init__(self, separate_negatives: bool = False) -> None:
        self.separate_negatives = separate_negatives

    def __call__(self, teacher: KNet, images: Tensor,
                 data_samples: SampleList) -> List[InstanceData]:
        """Run the teacher.

        Args:
            teacher: the detector.
            images: weak views, (B, 3, H, W), normalised.
            data_samples: their B samples; not read.

        Returns:
            Candidates of each image, see :meth:`from_kernels`.
        """
        _, stages = teacher.run_stages(teacher.extract_feat(images))
        return self.from_kernels(stages[-1], tuple(images.shape[-2:]))

    def unlabeled_losses(self, student: KNet, teacher: KNet, unlabeled: Batch) -> Losses:
        """Losses of the student on pseudo labels, see the base."""
        return student.loss(*unlabeled, separate_negatives=self.separate_negatives)

    @staticmethod
    def from_kernels(kernels: Kernels, input_shape: Tuple[int, int]) -> List[InstanceData]:
        """Candidates of B images.

        Args:
            kernels: of the last stage.
            input_shape: (H, W) of the padded network input.

        Returns:
            For each image N candidates with ``labels``, ``class_probs`` (sigmoid, their sum is
            not 1), ``class_scores``, ``mask_logits`` (N, H / 4, W / 4), ``query_inds`` (their
            places among the kernels) and, where the model predicts the masks' IoU,
            ``mask_scores``.
        """
        class_probs = kernels.cls_logits.float().sigmoid()
        class_scores, labels = class_probs.max(-1)
        fields = dict(labels=labels, class_probs=class_probs, class_scores=class_scores,
                      mask_logits=to_stride4(kernels.mask_logits),
                      query_inds=torch.arange(labels.shape[1], device=labels.device)
                      .expand_as(labels))
        if kernels.iou_logits is not None:
            fields['mask_scores'] = kernels.iou_logits.float().sigmoid()
        return [
            InstanceData(metainfo=dict(input_shape=input_shape),
                         **{name: values[i] for name, values in fields.items()})
            for i in range(len(labels))
        ]
