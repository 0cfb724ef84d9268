"""Test-time augmentation of instance segmentors that predict masks without RoIs.

Axes: N detections of one view or of the result, Q queries, S cells per side of a
mask's grid. Every view's detections become :class:`SoftDetections` of the image as it is on disk,
so that views of any size and flip can be compared; no mask of the image's size is kept.
"""

from typing import List, Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from mmdet.models.detectors import BaseDetector, MaskFormer
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox_flip
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmssis.models.knet import KNet, KNetCandidates
from mmssis.models.mask2former import Mask2FormerCandidates, WeightedMask2FormerHead
from mmssis.ops import mask_quality, sample_box_maps
from mmssis.structures import boxes_of_masks

from .detections import SoftDetections
from .tta_views import View, group_views, to_image, unflip, view_batches
from .view_clusters import merge_views

GRID = 112
# Masks at full size at a time: 8 of 2048 x 1024 take 64 MB.
CHUNK = 8


class MaskPredictor:
    """Detections of any instance segmentor, merged over views of the image.

    Detections of one class from several views whose masks overlap by an IoU of at least 0.5 are
    one detection, see :func:`merge_views`. Query models of mmssis (Mask2Former, K-Net) say soft
    masks through their candidates: each query under its best class, with the score that the
    model's own results have, class probability times mask quality for Mask2Former and class
    probability for K-Net. Any other detector is asked by its ``predict``; its binary masks count
    as probabilities 0 and 1, so that with one view a threshold on pixels changes nothing.
    Detections below ``score_thr`` in a view are dropped there; boxes are tight around masks.

    Args:
        detector: the detector.
        views: the views.
        score_thr: detections whose score is not above it are dropped, in [0, 1].
        max_per_image: detections to keep, of each view and of the result.
        data_preprocessor: makes the network inputs; the detector's own if None.
    """

    def __init__(self, detector: BaseDetector, views: Sequence[View], score_thr: float = 0.05,
                 max_per_image: int = 100, data_preprocessor: Optional[nn.Module] = None) -> None:
        self.detector = detector
        self.groups = group_views(views)
        self.score_thr = score_thr
        self.max_per_image = max_per_image
        self.data_preprocessor = data_preprocessor or detector.data_preprocessor
        self.candidates = candidates_of(detector)

    @torch.no_grad()
    def __call__(self, image: np.ndarray) -> SoftDetections:
        """Detect.

        Args:
            image: BGR, uint8, (H, W, 3).

        Returns:
            Detections by descending score with masks of 112 x 112, on the device of the
            detector, float32.

        Raises:
            TypeError: if the detector predicts no masks.
        """
        self.detector.eval()
        found = []
        for batch in view_batches(image, self.groups, self.data_preprocessor):
            found += self._ask_queries(*batch) if self.candidates else self._ask_results(*batch)
        return merge_views(found, self.score_thr, self.max_per_image)

    def _ask_queries(self, images: Tensor, samples: SampleList) -> List[SoftDetections]:
        """Detections of each view of a batch, in the image, from the model's queries."""
        times_quality = isinstance(self.detector, MaskFormer)
        found = []
        for queries, sample in zip(self.candidates(self.detector, images, samples), samples):
            # Class evidence first: only these masks are upsampled.
            best = self._best(queries.class_scores.float())
            found.append(query_detections(queries[best], sample.metainfo, times_quality))
        return found

    def _ask_results(self, images: Tensor, samples: SampleList) -> List[SoftDetections]:
        """Detections of each view of a batch, in the image, from the model's results."""
        flips, found = [sample.flip for sample in samples], []
        # A flipped image is to mmdet an image like any other: cascades would undo half of it.
        for sample in samples:
            sample.set_metainfo(dict(flip=False, flip_direction=None))
        for sample, flipped in zip(self.detector.predict(images, samples, rescale=True), flips):
            if 'pred_instances' not in sample or 'masks' not in sample.pred_instances:
                raise TypeError(f'{type(self.detector).__name__} gives no instance masks: take a '
                                'model for instance segmentation; for a MaskFormer or '
                                'Mask2Former set test_cfg.instance_on=True')
            instances = sample.pred_instances
            best = self._best(instances.scores.float())
            found.append(result_detections(instances[best], flipped))
        return found

    def _best(self, scores: Tensor) -> Tensor:
        """Indices of the scores above the threshold, the highest first, no more than allowed."""
        order = scores.argsort(descending=True, stable=True)[:self.max_per_image]
        return order[scores[order] > self.score_thr]


def candidates_of(detector: nn.Module) -> Optional[object]:
    """Adapter that reads soft masks of a detector's queries.

    Args:
        detector: any detector.

    Returns:
        The adapter; None for a detector that is no query model of mmssis.
    """
    if isinstance(detector, KNet):
        return KNetCandidates()
    if isinstance(detector, MaskFormer) and isinstance(
            detector.panoptic_head, WeightedMask2FormerHead):
        return Mask2FormerCandidates()
    return None


def query_detections(queries: InstanceData, meta: dict, times_quality: bool) -> SoftDetections:
    """Queries of a view as detections in the image.

    Args:
        queries: N candidates, see :class:`Mask2FormerCandidates`, with ``mask_logits`` (N, h, w)
            over the network input, whose size is the metainfo ``input_shape``.
        meta: metainfo of the view.
        times_quality: whether scores are multiplied by the quality of the mask (PL-DC Eq. 4).

    Returns:
        Detections; queries whose mask is empty are gone.
    """
    logits = queries.mask_logits.float()
    boxes, qualities = _boxes_and_qualities(logits, queries.input_shape, meta['img_shape'])
    probs = on_box_grids(logits, queries.input_shape, boxes).sigmoid()
    scores = queries.class_scores.float()
    detections = SoftDetections(
        to_image(boxes, meta), scores * qualities if times_quality else scores,
        queries.labels, unflip(probs, meta['flip']))
    return detections[_have_area(boxes)]


def _boxes_and_qualities(logits: Tensor, input_shape: Tuple[int, int],
                         img_shape: Tuple[int, int]) -> Tuple[Tensor, Tensor]:
    """Tight boxes (N, 4) of masks in a view's pixels and their quality (N,), padding left out."""
    boxes, qualities = [logits.new_zeros(0, 4)], [logits.new_zeros(0)]
    for part in logits.split(CHUNK) if len(logits) else ():
        part = F.interpolate(part[None], input_shape, mode='bilinear', align_corners=False)[0]
        part = part[:, :img_shape[0], :img_shape[1]]
        boxes.append(boxes_of_masks(part > 0))
        qualities.append(mask_quality(part))
    return torch.cat(boxes), torch.cat(qualities)


def result_detections(instances: InstanceData, flipped: bool) -> SoftDetections:
    """Results of mmdet's ``predict`` on a view as detections in the image.

    Args:
        instances: N instances with bool ``masks`` (N, H, W) at the image's size, ``scores`` and
            ``labels``. Their boxes are not read: some models leave them empty.
        flipped: whether the view is flipped; mmdet undoes its size only.

    Returns:
        Detections; instances whose mask is empty are gone.
    """
    shape = tuple(instances.masks.shape[-2:])
    masks = instances.masks.bool()
    boxes = boxes_of_masks(masks)
    probs = on_box_grids(masks, shape, boxes)
    detections = SoftDetections(
        bbox_flip(boxes, shape) if flipped else boxes, instances.scores.float(),
        instances.labels.long(), unflip(probs, flipped))
    return detections[_have_area(boxes)]


def on_box_grids(maps: Tensor, shape: Tuple[int, int], boxes: Tensor) -> Tensor:
    """Maps that cover an area, read on the grids of boxes in it.

    Args:
        maps: (N, h, w), bool or floating.
        shape: (H, W) of the area.
        boxes: (N, 4), xyxy in pixels of the area.

    Returns:
        (N, 112, 112) float32, bilinear; 0 for a box without area.
    """
    whole = boxes.new_tensor([0, 0, shape[1], shape[0]]).expand_as(boxes)
    here = torch.eye(3)
    grids = [boxes.new_zeros(0, GRID, GRID)]
    for start in range(0, len(maps), CHUNK):
        part = slice(start, start + CHUNK)
        grids.append(sample_box_maps(maps[part], whole[part], here, boxes[part], GRID,
                                     border=True))
    return torch.cat(grids)


def _have_area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] > boxes[:, :2]).all(1)
