"""Test-time augmentation of Mask R-CNN with masks.

Axes: M proposals, N detections, K classes, S cells per side of a mask's grid (28). Boxes are of
the image as it is on disk unless a view is named.
"""

from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmcv.ops import batched_nms
from mmdet.models.detectors import TwoStageDetector
from mmdet.models.layers import multiclass_nms
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import InstanceList
from mmengine.structures import InstanceData
from torch import Tensor, nn

from .detections import SoftDetections
from .tta_views import View, group_views, to_image, to_view, unflip, view_batches

# What mmdet's two-stage prediction consists of; a class that changes one predicts otherwise.
PREDICTION = ((TwoStageDetector, ('predict', )),
              (StandardRoIHead, ('predict', 'predict_bbox', 'predict_mask')),
              (FCNMaskHead, ('predict_by_feat', '_predict_by_feat_single')))


class Seen(NamedTuple):
    """What the first stage says of the views of a group.

    Attributes:
        levels: features, each (B, C, h, w).
        metas: metainfo of the B views.
        proposals: ``bboxes`` and ``scores`` of each view, in its pixels.
    """

    levels: Tuple[Tensor, ...]
    metas: List[dict]
    proposals: InstanceList


class TwoStagePredictor:
    """Detections of a Mask R-CNN, averaged over views of the image.

    The merge of Noisy Boundaries' teacher (mmdet 2's ``aug_test``, Apache-2.0, which mmdet 3 has
    for boxes only): proposals of all views meet in one NMS; every view judges the same proposals;
    decoded boxes and class probabilities are averaged; after NMS every view predicts masks for
    the same boxes, and the probabilities of the predicted class are averaged, flips undone. With
    one view the result is that of the detector's own ``predict``.

    Under autocast backbone and neck run in lower precision; the heads run in float32, since
    mmdet's NMS knows no half precision and RoI coordinates would be rounded to whole pixels.

    Args:
        detector: an mmdet two-stage detector, see :func:`fits`.
        views: the views.
        score_thr: detections whose score is not above it are dropped, in [0, 1].
        max_per_image: detections to keep.
        data_preprocessor: makes the network inputs; the detector's own if None.

    Raises:
        TypeError: if the detector predicts in another way than mmdet's Mask R-CNN.
        ValueError: if its class scores are no distribution over classes and background.
    """

    def __init__(self, detector: TwoStageDetector, views: Sequence[View], score_thr: float = 0.05,
                 max_per_image: int = 100, data_preprocessor: Optional[nn.Module] = None) -> None:
        if not fits(detector):
            raise TypeError(f'{type(detector).__name__} is no two-stage detector whose RoI and '
                            'mask heads predict as Mask R-CNN does: use MaskPredictor')
        check_class_scores(detector.roi_head.bbox_head)
        self.detector = detector
        self.groups = group_views(views)
        self.score_thr = score_thr
        self.max_per_image = max_per_image
        self.data_preprocessor = data_preprocessor or detector.data_preprocessor

    @torch.no_grad()
    def __call__(self, image: np.ndarray) -> SoftDetections:
        """Detect.

        Args:
            image: BGR, uint8, (H, W, 3).

        Returns:
            Detections by descending score, on the device of the detector, float32.
        """
        self.detector.eval()
        seen = [self._see(*batch)
                for batch in view_batches(image, self.groups, self.data_preprocessor)]
        with torch.autocast(seen[0].levels[0].device.type, enabled=False):
            boxes, probs = self._mean_boxes(seen, self._merge_proposals(seen))
            found, labels = multiclass_nms(boxes, probs, self.score_thr,
                                           self.detector.roi_head.test_cfg.nms,
                                           self.max_per_image)
            masks = mean_class_masks(self._mask_logits(seen, found[:, :4]), labels,
                                     [meta['flip'] for view in seen for meta in view.metas])
        return SoftDetections(found[:, :4], found[:, 4], labels, masks)

    def _see(self, images: Tensor, samples: SampleList) -> Seen:
        levels = self.detector.extract_feat(images)
        with torch.autocast(images.device.type, enabled=False):
            proposals = self.detector.rpn_head.predict(_in_float32(levels), samples, rescale=False)
        return Seen(levels, [sample.metainfo for sample in samples], proposals)

    def _merge_proposals(self, seen: Sequence[Seen]) -> Tensor:
        """Proposals of all views, (M, 4) in the image."""
        parts = [(to_image(proposals.bboxes, meta), proposals.scores) for view in seen
                 for proposals, meta in zip(view.proposals, view.metas)]
        boxes, scores = (torch.cat(part) for part in zip(*parts))
        # mmdet's NMS of one view spares proposals of different levels; a second one would not.
        if len(parts) == 1 or len(boxes) == 0:
            return boxes
        cfg = self.detector.rpn_head.test_cfg
        merged, _ = batched_nms(boxes, scores, torch.zeros_like(scores, dtype=torch.long), cfg.nms,
                                class_agnostic=True)
        return merged[:cfg.max_per_img, :4]

    def _mean_boxes(self, seen: Sequence[Seen], proposals: Tensor) -> Tuple[Tensor, Tensor]:
        """Boxes (M, 4 K), or (M, 4) if class-agnostic, and probabilities (M, K + 1)."""
        boxes, probs = [], []
        for view in seen:
            # Without a test_cfg mmdet gives the boxes of all classes, and all probabilities.
            results = self.detector.roi_head.predict_bbox(
                _in_float32(view.levels), view.metas,
                [InstanceData(bboxes=to_view(proposals, meta)) for meta in view.metas],
                rcnn_test_cfg=None)
            boxes += [to_image(part.bboxes, meta) for part, meta in zip(results, view.metas)]
            probs += [part.scores for part in results]
        return torch.stack(boxes).mean(0), torch.stack(probs).mean(0)

    def _mask_logits(self, seen: Sequence[Seen], boxes: Tensor) -> Iterator[Tensor]:
        """Logits (N, K, S, S) of the same boxes in each view."""
        for view in seen:
            rois = bbox2roi([to_view(boxes, meta) for meta in view.metas])
            logits = self.detector.roi_head._mask_forward(
                _in_float32(view.levels), rois)['mask_preds']
            yield from logits.view(len(view.metas), len(boxes), *logits.shape[1:])


def mean_class_masks(mask_logits: Iterable[Tensor], labels: Tensor,
                     flips: Sequence[bool]) -> Tensor:
    """Mean over views of the mask probabilities of the predicted classes.

    The class is taken out first, on the device: of 80 classes the released code copies 79 more
    to the host, 450 MB for 100 detections in 18 views.

    Args:
        mask_logits: of each view, (N, K, S, S), or (N, 1, S, S) if class-agnostic; an iterator
            keeps only one view's in memory.
        labels: predicted classes, (N,) long.
        flips: whether each view is flipped.

    Returns:
        (N, S, S) float32, in [0, 1].
    """
    rows = torch.arange(len(labels), device=labels.device)
    total = None
    for logits, flipped in zip(mask_logits, flips):
        logits = logits[:, 0] if logits.shape[1] == 1 else logits[rows, labels]
        probs = unflip(logits.float().sigmoid(), flipped)
        total = probs if total is None else total.add_(probs)
    return total / len(flips)


def fits(detector: nn.Module) -> bool:
    """Whether a detector predicts as mmdet's Mask R-CNN does, stage by stage.

    Its classes may derive from mmdet's (``WeightedRoIHead``, ``NoiseTolerantMaskHead``,
    ``DoubleHeadRoIHead``, ...) as long as none has a prediction of its own, as PointRend, Mask
    Scoring R-CNN and cascades do.

    Args:
        detector: any detector.
    """
    if not isinstance(detector, TwoStageDetector) or not detector.with_rpn:
        return False
    if not isinstance(detector.roi_head, StandardRoIHead) or not detector.roi_head.with_mask:
        return False
    modules = detector, detector.roi_head, detector.roi_head.mask_head
    return isinstance(modules[2], FCNMaskHead) and all(
        getattr(type(module), name) is getattr(base, name)
        for module, (base, names) in zip(modules, PREDICTION) for name in names)


def check_class_scores(bbox_head: nn.Module) -> None:
    """Refuse a box head whose scores cannot be averaged over views and cut at background.

    mmdet's own prediction takes a loss's activation if the loss has channels of its own, and a
    softmax otherwise; so do the views.

    Args:
        bbox_head: the head.

    Raises:
        ValueError: if the loss has an activation that mmdet's prediction does not use, or one
            without a column for the background.
    """
    loss, name = bbox_head.loss_cls, type(bbox_head.loss_cls).__name__
    if bbox_head.custom_activation != bbox_head.custom_cls_channels:
        raise ValueError(f'loss_cls of roi_head.bbox_head is a {name}, whose activation mmdet '
                         'does not use in prediction: set a loss with both custom_activation and '
                         'custom_cls_channels, or with neither')
    if not bbox_head.custom_cls_channels:
        return
    classes = bbox_head.num_classes
    device = next(bbox_head.parameters()).device
    probs = loss.get_activation(torch.zeros(1, loss.get_cls_channels(classes), device=device))
    if probs.shape[1] != classes + 1:
        raise ValueError(f'loss_cls of roi_head.bbox_head is a {name}, which scores '
                         f'{probs.shape[1]} classes for {classes} and no background: use a '
                         'softmax loss such as CrossEntropyLoss, or SeesawLoss')


def _in_float32(levels: Sequence[Tensor]) -> Tuple[Tensor, ...]:
    return tuple(level.float() for level in levels)
