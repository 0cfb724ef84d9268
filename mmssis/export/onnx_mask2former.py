"""Mask2Former as a graph: from an image to its instances."""

from typing import Tuple

import torch.nn.functional as F
from mmdet.models.detectors import Mask2Former
from torch import Tensor, nn

from .onnx_parts import Preparation, boxes_of


class Mask2FormerGraph(nn.Module):
    """What ``Mask2Former.predict`` does without rescaling, and the preparation before it.

    Args:
        detector: in eval mode.
    """

    def __init__(self, detector: Mask2Former) -> None:
        super().__init__()
        self.prepare = Preparation(detector.data_preprocessor)
        self.detector = detector

    def forward(self, images: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        """Find instances.

        Args:
            images: uint8, RGB, (1, 3, H, W).

        Returns:
            ``scores`` (N,) in descending order, ``labels`` (N,), ``boxes`` (N, 4), xyxy in
            pixels, and ``masks`` (N, H, W), probabilities. N is ``max_per_image``.
        """
        class_logits, mask_logits = self._predict(images)
        fusion = self.detector.panoptic_fusion_head
        probs = class_logits.softmax(-1)[:, :-1].flatten()
        class_scores, pairs = probs.topk(fusion.test_cfg.max_per_image)
        labels, mask_logits = pairs % fusion.num_classes, mask_logits[pairs // fusion.num_classes]
        masks = mask_logits > 0
        scores, order = (class_scores * _mask_scores(mask_logits, masks)).sort(descending=True)
        return scores, labels[order], boxes_of(masks[order]), mask_logits[order].sigmoid()

    def _predict(self, images: Tensor) -> Tuple[Tensor, Tensor]:
        """Logits of the queries: of their classes (Q, K + 1), of their masks (Q, H, W)."""
        height, width = images.shape[-2:]
        prepared = self.prepare(images)
        classes, masks = self.detector.panoptic_head(self.detector.extract_feat(prepared), [])
        logits = F.interpolate(masks[-1], size=prepared.shape[-2:], mode='bilinear',
                               align_corners=False)
        return classes[-1][0], logits[0, :, :height, :width]


def _mask_scores(logits: Tensor, masks: Tensor) -> Tensor:
    """Mean probability of the pixels of masks (N, H, W), as mmdet's fusion head has it."""
    inside = masks.float()
    return (logits.sigmoid() * inside).flatten(1).sum(1) / (inside.flatten(1).sum(1) + 1e-6)
