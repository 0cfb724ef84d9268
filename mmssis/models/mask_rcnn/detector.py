"""Mask R-CNN that learns from labels with weights."""

from typing import Any, Dict, List, Optional, Tuple

import torch
from mmdet.models.detectors import MaskRCNN
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmengine.structures import InstanceData
from torch import Tensor, nn

from .doubtful_assigner import DoubtfulAssigner
from .roi_head import WeightedRoIHead
from .roi_targets import Background


@MODELS.register_module()
class WeightedMaskRCNN(MaskRCNN):
    """Mask R-CNN whose RoI head reads the weights of pseudo labels.

    The RPN learns from all boxes alike, as in PAIS's released code. Its samples are made of
    boxes alone, where mmdet copies all masks. Its outputs are taken in float32: mmdet's NMS
    knows no half precision on a CPU.

    Args:
        *args: as :class:`mmdet.models.MaskRCNN`.
        **kwargs: as :class:`mmdet.models.MaskRCNN`; ``roi_head`` is a ``WeightedRoIHead``.

    Raises:
        TypeError: if the RoI head takes no weights.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not isinstance(self.roi_head, WeightedRoIHead):
            raise TypeError(f'roi_head of WeightedMaskRCNN is a {type(self.roi_head).__name__}, '
                            "which takes no weights: set type='WeightedRoIHead'")
        self.rpn_head.register_forward_hook(_in_float32)
        if self.train_cfg is not None:
            self.rpn_head.assigner = DoubtfulAssigner(self.rpn_head.assigner)

    def loss(self, batch_inputs: Tensor, batch_data_samples: SampleList,
             background: Optional[Background] = None, separate_negatives: bool = False
             ) -> Dict[str, Tensor]:
        """Losses of the RPN and of the RoI head, under mmdet's names.

        Args:
            batch_inputs: (B, 3, H, W), normalised.
            batch_data_samples: the B samples, see :meth:`WeightedRoIHead.loss`.
            background: weight of negative RoIs, see :meth:`WeightedRoIHead.loss`.
            separate_negatives: divisor of the class loss, see :meth:`WeightedRoIHead.loss`.

        Returns:
            ``loss_rpn_cls`` and ``loss_rpn_bbox``, per level, and the losses of the RoI head.
        """
        features = self.extract_feat(batch_inputs)
        losses, proposals = self.rpn_head.loss_and_predict(
            features, [_boxes_only(sample) for sample in batch_data_samples],
            proposal_cfg=self.train_cfg.rpn_proposal)
        losses = {name if 'rpn' in name else f'rpn_{name}': loss for name, loss in losses.items()}
        losses.update(self.roi_head.loss(
            features, proposals, batch_data_samples, background=background,
            separate_negatives=separate_negatives))
        return losses


def _in_float32(module: nn.Module, inputs: tuple, outputs: Tuple[List[Tensor], ...]
                ) -> Tuple[List[Tensor], ...]:
    """Forward hook: every level of every output in float32."""
    return tuple([level.float() for level in levels] for levels in outputs)


def _boxes_only(sample: DetDataSample) -> DetDataSample:
    """A sample for the RPN: every box is of class 0; no masks. Doubtful regions stay."""
    light = DetDataSample(metainfo=sample.metainfo)
    instances = sample.gt_instances
    light.gt_instances = InstanceData(
        metainfo=instances.metainfo, bboxes=instances.bboxes,
        labels=torch.zeros_like(instances.labels))
    if 'ignored_instances' in sample:
        light.ignored_instances = sample.ignored_instances
    return light
