"""What a teacher of semantic segmentation says: one candidate per class of an image."""

from typing import Tuple

import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import semantic_map, semantic_scores
from mmssis.ops.semantic import BACKGROUND

from .candidates import Mask2FormerCandidates

# A score of 1 would be a logit of infinity.
LOGIT_EPS = 1e-4


@MODELS.register_module()
class SemanticCandidates(Mask2FormerCandidates):
    """Candidates of a Mask2Former in semantic mode: the region of each class that is there.

    The queries are put together as in prediction, so that a candidate is a class and not a query.
    Its mask logits are those of the class's score map at stride 4. No pixel is in two candidates:
    where another class wins, the score is at most what the winner leaves of 1.
    """

    @staticmethod
    def from_logits(cls_logits: Tensor, mask_logits: Tensor,
                    input_shape: Tuple[int, int]) -> InstanceData:
        """Candidates of one image.

        Args:
            cls_logits: (Q, K + 1), the last column is no-object.
            mask_logits: (Q, h, w), at the network's native stride.
            input_shape: (H, W) of the padded network input.

        Returns:
            N candidates, one for each class that wins a pixel, by ascending class: ``labels``,
            ``mask_logits``, ``class_probs`` (N, K), the mean scores of the classes over its
            region, whose sum need not be 1, and ``class_scores``, that of its own class.
        """
        scores = semantic_scores(cls_logits, mask_logits)
        classes = semantic_map(scores)
        labels = classes.unique()
        labels = labels[labels != BACKGROUND]
        regions = classes == labels[:, None, None]
        class_probs = region_means(regions, scores)
        left_over = torch.minimum(scores[labels], 1 - scores.amax(0))
        mask_probs = torch.where(regions, scores[labels], left_over)
        return InstanceData(
            metainfo=dict(input_shape=tuple(input_shape)),
            labels=labels,
            class_probs=class_probs,
            class_scores=class_probs.gather(1, labels[:, None])[:, 0],
            mask_logits=mask_probs.logit(LOGIT_EPS))


def region_means(regions: Tensor, scores: Tensor) -> Tensor:
    """Mean scores over regions, in float32, also under autocast.

    Args:
        regions: bool (N, h, w), none of them empty.
        scores: (K, h, w).

    Returns:
        (N, K) float32.
    """
    areas = regions.count_nonzero((1, 2))
    with torch.autocast(scores.device.type, enabled=False):
        # Row by row: one running sum over all cells of a large region is off by 2e-4.
        rows = torch.einsum('nhw,khw->hnk', regions.float(), scores.float())
    return rows.sum(0) / areas[:, None]
