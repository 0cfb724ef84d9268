"""Instances of an image beside its truth: the one form that all analyses of instances read.

Shapes: N instances and G true instances of one image, K classes.
"""

from typing import Dict, NamedTuple, Optional

import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmssis.structures import resolve_masks

from .hidden_ground_truth import HiddenGroundTruth
from .pseudo_label_quality import lie_in, pairwise_mask_iou


class JudgedInstances(NamedTuple):
    """What an analysis needs to know of one image.

    Attributes:
        iou: mask IoU of each instance with each true instance, (N, G), in [0, 1].
        labels: classes of the instances, (N,) long.
        gt_labels: classes of the true instances, (G,) long.
        scores: name to scores of the instances, (N,).
    """

    iou: Tensor
    labels: Tensor
    gt_labels: Tensor
    scores: Dict[str, Tensor]

    def best_iou(self) -> Tensor:
        """IoU of each instance with its best true instance, (N,); 0 where there is none."""
        return F.pad(self.iou, (0, 1)).amax(1)

    def best_is_same_class(self) -> Tensor:
        """Whether the best true instance overlaps and has the instance's class, bool (N,)."""
        best, index = F.pad(self.iou, (0, 1)).max(1)
        return (best > 0) & (F.pad(self.gt_labels, (0, 1), value=-1)[index] == self.labels)


def judged(iou: Tensor, labels: Tensor, gt_labels: Tensor, in_crowd: Tensor,
           scores: Optional[Dict[str, Tensor]] = None) -> JudgedInstances:
    """Leave out the instances about which the truth says nothing.

    Args:
        iou: (N, G), in [0, 1].
        labels: (N,) long.
        gt_labels: (G,) long.
        in_crowd: whether an instance lies in a crowd region, bool (N,). It is left out unless it
            covers a true instance with an IoU > 0.5.
        scores: name to (N,).

    Returns:
        The instances that count.
    """
    counted = ~in_crowd | (F.pad(iou, (0, 1)).amax(1) > 0.5)
    return JudgedInstances(iou[counted], labels[counted], gt_labels,
                           {name: values[counted] for name, values in (scores or {}).items()})


@torch.no_grad()
def judge_stages(model: nn.Module, batch: dict, hidden: HiddenGroundTruth, score_thr: float = 0.05,
                 stride: int = 4) -> Optional[Dict[str, JudgedInstances]]:
    """Judge the way of one image from the teacher's candidates to pseudo labels.

    Args:
        model: semi-supervised detector in eval mode, prepared.
        batch: ``inputs`` (1, 3, H, W) and ``data_samples``, preprocessed; the samples need
            ``img_path`` and ``homography_matrix``.
        hidden: the truth.
        score_thr: candidates with a class score below it are left out, in [0, 1].
        stride: masks are compared on every stride-th pixel of the network input, >= 1.

    Returns:
        Stage to its instances, ``candidates`` first, on the CPU. Candidates have the scores of
        :func:`quality_scores`. None for an image that the truth does not have.
    """
    images, samples = batch['inputs'], batch['data_samples']
    truth = hidden.in_view(samples[0].metainfo, images.shape[-2:], stride, images.device)
    if truth is None:
        return None
    stages = {}
    for name, (instances, ) in model.pseudo_label_stages(images, samples):
        scores: Dict[str, Tensor] = {}
        if name == 'candidates':
            instances = instances[instances.class_scores >= score_thr]
            scores = quality_scores(instances)
        stages[name] = judge_in_view(instances, *truth, scores)
    return stages


def quality_scores(candidates: InstanceData) -> Dict[str, Tensor]:
    """The scores of which PL-DC (Fig. 2) and PAIS (Fig. 1) ask how well they know the IoU.

    Args:
        candidates: N candidates, whose masks are not resolved yet.

    Returns:
        ``class score``; ``mask score``, PL-DC's Eq. 4; ``product`` of both; and
        ``predicted IoU`` where the model predicts it; each (N,), in [0, 1].
    """
    unjudged = candidates[:]
    predicted = unjudged.pop('mask_scores', None)
    mask_scores = resolve_masks(unjudged).mask_scores
    scores = {'class score': candidates.class_scores, 'mask score': mask_scores,
              'product': candidates.class_scores * mask_scores}
    return scores if predicted is None else {**scores, 'predicted IoU': predicted}


def judge_in_view(instances: InstanceData, truth: InstanceData, crowd: Tensor,
                  scores: Dict[str, Tensor]) -> JudgedInstances:
    """Judge instances of a view on the grid of the truth.

    Args:
        instances: N instances, with or without resolved masks.
        truth: of :meth:`HiddenGroundTruth.in_view`.
        crowd: regions of crowds, (C, h, w) bool; of the same.
        scores: name to (N,).

    Returns:
        The instances that count, on the CPU.
    """
    masks = resolve_masks(instances[:]).masks[:, None].float()
    masks = F.interpolate(masks, truth.masks.shape[1:], mode='area')[:, 0] > 0.5
    found = judged(pairwise_mask_iou(masks, truth.masks), instances.labels, truth.labels,
                   lie_in(masks, crowd), scores)
    return JudgedInstances(found.iou.cpu(), found.labels.cpu(), found.gt_labels.cpu(),
                           {name: values.float().cpu() for name, values in found.scores.items()})
