"""Mask R-CNN as a graph: from an image to its instances.

mmcv's NMS and RoIAlign have no form in ONNX; torchvision's do, and compute the same.
Axes: M proposals, N instances, K classes.
"""

from typing import Sequence, Tuple

import torch
from mmdet.models.detectors import MaskRCNN
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.models.task_modules import DeltaXYWHBBoxCoder
from torch import Tensor, nn
from torchvision.ops import batched_nms, roi_align

from .onnx_parts import Preparation, paste_masks


class MaskRCNNGraph(nn.Module):
    """What ``MaskRCNN.predict`` does without rescaling, and the preparation before it.

    Args:
        detector: in eval mode.
    """

    def __init__(self, detector: MaskRCNN) -> None:
        super().__init__()
        self.prepare = Preparation(detector.data_preprocessor)
        self.detector = detector

    def forward(self, images: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        """Find instances.

        Args:
            images: uint8, RGB, (1, 3, H, W).

        Returns:
            ``scores`` (N,) in descending order, ``labels`` (N,), ``boxes`` (N, 4), xyxy in
            pixels, and ``masks`` (N, H, W), probabilities.
        """
        height, width = images.shape[-2:]
        borders = torch.stack([torch.as_tensor(width), torch.as_tensor(height)]).repeat(2).float()
        features = self.detector.extract_feat(self.prepare(images))
        proposals = self._proposals(features, borders)
        scores, labels, boxes = self._boxes(features, proposals, borders)
        masks = paste_masks(self._masks(features, boxes, labels), boxes, height, width)
        return scores, labels, boxes, masks

    def _proposals(self, features: Sequence[Tensor], borders: Tensor) -> Tensor:
        """Boxes of the RPN, (M, 4)."""
        head = self.detector.rpn_head
        cfg, (logits, deltas) = head.test_cfg, head(features)
        anchors = head.prior_generator.grid_priors(
            [level.shape[-2:] for level in logits], device=logits[0].device)
        limit = cfg.nms_pre if cfg.nms_pre > 0 else None
        levels = []
        for index, level in enumerate(zip(logits, deltas, anchors)):
            scores, order = _per_anchor(level[0], 1)[:, 0].sigmoid().sort(descending=True)
            scores, order = scores[:limit], order[:limit]
            levels.append((scores, torch.full_like(order, index),
                           _per_anchor(level[1], 4)[order], level[2][order]))
        scores, level_of, deltas, anchors = map(torch.cat, zip(*levels))
        boxes = _decode(head.bbox_coder, anchors, deltas, borders)
        large = ((boxes[:, 2:] - boxes[:, :2]) > cfg.min_bbox_size).all(1).nonzero()[:, 0]
        boxes, scores, level_of = boxes[large], scores[large], level_of[large]
        return boxes[batched_nms(boxes, scores, level_of, cfg.nms.iou_threshold)[:cfg.max_per_img]]

    def _boxes(self, features: Sequence[Tensor], proposals: Tensor, borders: Tensor
               ) -> Tuple[Tensor, Tensor, Tensor]:
        """Scores, labels and boxes after the NMS."""
        roi_head = self.detector.roi_head
        head, cfg, classes = roi_head.bbox_head, roi_head.test_cfg, roi_head.bbox_head.num_classes
        logits, deltas = head(_crops(roi_head.bbox_roi_extractor, features, proposals))
        scores = logits.softmax(-1)[:, :-1].flatten()
        if head.reg_class_agnostic:
            deltas = deltas.repeat(1, classes)
        boxes = proposals[:, None].expand(-1, classes, -1).reshape(-1, 4)
        boxes = _decode(head.bbox_coder, boxes, deltas.reshape(-1, 4), borders)
        sure = (scores > cfg.score_thr).nonzero()[:, 0]
        scores, labels, boxes = scores[sure], sure % classes, boxes[sure]
        kept = batched_nms(boxes, scores, labels, cfg.nms.iou_threshold)[:cfg.max_per_img]
        return scores[kept], labels[kept], boxes[kept]

    def _masks(self, features: Sequence[Tensor], boxes: Tensor, labels: Tensor) -> Tensor:
        """Mask probabilities on the boxes, (N, S, S)."""
        head = self.detector.roi_head.mask_head
        logits = head(_crops(self.detector.roi_head.mask_roi_extractor, features, boxes))
        # A noise-tolerant head adds its coarse masks.
        logits = logits[0] if isinstance(logits, tuple) else logits
        if head.class_agnostic:
            return logits[:, 0].sigmoid()
        rows = torch.arange(labels.shape[0]) * head.num_classes + labels
        return logits.flatten(0, 1)[rows].sigmoid()


def _per_anchor(level: Tensor, width: int) -> Tensor:
    """Outputs of one level (1, A * width, h, w) as rows of anchors."""
    return level[0].permute(1, 2, 0).reshape(-1, width)


def _decode(coder: DeltaXYWHBBoxCoder, boxes: Tensor, deltas: Tensor, borders: Tensor) -> Tensor:
    """Boxes moved by their deltas, inside of the image."""
    boxes = coder.decode(boxes, deltas)
    return torch.minimum(boxes.clamp(min=0), borders) if coder.clip_border else boxes


def _crops(extractor: SingleRoIExtractor, features: Sequence[Tensor], boxes: Tensor) -> Tensor:
    """Features of boxes (M, 4), each from the level of its size: (M, C, S, S)."""
    rois = torch.cat([torch.zeros_like(boxes[:, :1]), boxes], 1)
    level_of = extractor.map_roi_levels(rois, extractor.num_inputs)
    indices = [(level_of == level).nonzero()[:, 0] for level in range(extractor.num_inputs)]
    crops = [roi_align(level, rois[index], layer.output_size, layer.spatial_scale,
                       layer.sampling_ratio, layer.aligned)
             for level, index, layer in zip(features, indices, extractor.roi_layers)]
    return torch.cat(crops)[torch.cat(indices).argsort()]
