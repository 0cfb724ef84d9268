"""Instance weights by rank statistics of query embeddings.

Axes: B images, Q queries, D channels, K classes, N instances, G true instances.
"""

from typing import List, Optional, Tuple

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import rank_overlap, rank_weights
from mmssis.structures import PseudoLabelContext, cover_of_masks
from mmssis.structures.semantic_map import FOREGROUND

from .class_feature_bank import ClassFeatureBank
from .rank_hook import RankHook
from .rank_settings import check_number

# Labeled instances of a class whose queries a rank adds at once; it bounds what ranks exchange.
NEW_PER_UPDATE = 16


@MODELS.register_module()
class QueryRankWeights(RankHook):
    """Weigh each instance by the channels that its query shares with its class's prototype.

    Ours: the statistic of Weighting Pseudo-Labels, section 3.4, on the embeddings of queries in
    the place of pixels, for models whose pixel features do not tell classes apart. Prototypes are
    means of the queries that have found true instances of a class: for each true instance the
    query of its class with the largest mask IoU, at least ``iou_thr``. Embeddings have signs;
    channels are ranked by value. A class without prototype weighs 1.

    The weights multiply ``cls_weights`` and ``mask_weights`` that are there: put this hook after
    the filters and after hooks that set weights.

    Args:
        layer: name of the teacher's layer that gives the embeddings (B, Q, D), for example
            ``'panoptic_head.transformer_decoder.post_norm'`` of a Mask2Former (its last call is
            that of the last decoder layer), or ``'update_heads.2'`` of a K-Net.
        channels: D.
        num_classes: K.
        k: number of channels that are compared, in [1, D].
        bank_size: embeddings per class in the bank.
        offset: as in ``RankStatisticsWeights``.
        normalize: as in ``RankStatisticsWeights``.
        labeled_interval: as in ``RankStatisticsWeights``.
        iou_thr: least mask IoU of a query and the true instance that it has found, in [0, 1].
        output_index: which output of the layer is meant, if it gives several; 0 for a K-Net.

    Raises:
        ValueError: if a setting is out of its range.
    """

    axes = ('B', 'Q', 'D')

    def __init__(self,
                 layer: str,
                 channels: int,
                 num_classes: int,
                 k: int = 5,
                 bank_size: int = 256,
                 offset: float = 0.25,
                 normalize: bool = True,
                 labeled_interval: int = 10,
                 iou_thr: float = 0.5,
                 output_index: Optional[int] = None) -> None:
        super().__init__(
            layer, channels, num_classes, k, offset, normalize, labeled_interval, output_index)
        check_number(self.name, 'iou_thr', iou_thr, 0, 1)
        self.iou_thr = iou_thr
        self.labeled = ClassFeatureBank(
            num_classes, channels, bank_size, min(bank_size, NEW_PER_UPDATE))

    @torch.no_grad()
    def learn(self, candidates: List[InstanceData], data_samples: SampleList) -> None:
        """Fill the bank; every rank must call it.

        Args:
            candidates: of each image, with ``query_inds``.
            data_samples: their samples, with true masks. Labels without masks teach nothing.
        """
        embeddings = self.take(len(data_samples))
        rows, labels = [], []
        for queries, instances, sample in zip(embeddings, candidates, data_samples):
            found, classes = self.find(instances, sample)
            rows.append(queries[found])
            labels.append(classes)
        self.labeled.update(torch.cat(rows), torch.cat(labels))

    def find(self, candidates: InstanceData, sample: DetDataSample) -> Tuple[Tensor, Tensor]:
        """Queries of the true instances of one image.

        Args:
            candidates: with ``query_inds``, ``labels`` and ``mask_logits`` over the whole input.
            sample: with true instances.

        Returns:
            - (G,) long, the query that has found each of them; any where none has.
            - (G,) long, their classes; -1 where no query has found the instance.
        """
        true = sample.gt_instances
        if 'masks' not in true or len(true) == 0 or len(candidates) == 0:
            return true.labels[:0], true.labels[:0]
        grid = tuple(candidates.mask_logits.shape[1:])
        masks = cover_of_masks(true.masks, candidates.input_shape, grid, true.labels.device)
        ious = _ious(candidates.mask_logits > 0, masks >= FOREGROUND)
        ious = torch.where(candidates.labels[:, None] == true.labels, ious, -1.0)
        best, places = ious.max(0)
        return (candidates.query_inds[places],
                torch.where(best >= self.iou_thr, true.labels, -1))

    @torch.no_grad()
    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Set or multiply ``cls_weights`` and ``mask_weights``."""
        embeddings = self.take(len(pseudo_labels))
        prototypes = self.labeled.prototypes()
        for queries, instances in zip(embeddings, pseudo_labels):
            overlap = rank_overlap(queries[self._query_inds(instances)],
                                   prototypes[instances.labels], self.k)
            overlap = torch.where(self.labeled.has_features[instances.labels], overlap, 1.0)
            weights = rank_weights(overlap, offset=self.offset, normalize=self.normalize)
            for name in ('cls_weights', 'mask_weights'):
                before = instances[name] if name in instances else 1.0
                instances.set_field(before * weights, name)
        return pseudo_labels

    def _query_inds(self, instances: InstanceData) -> Tensor:
        """Query of each instance, (N,) long."""
        if 'query_inds' not in instances:
            raise ValueError(f'{self.name} in model.pseudo_label_hooks found no query_inds: it '
                             'needs candidates of queries (Mask2FormerCandidates, KNetCandidates)')
        return instances.query_inds


def _ious(masks: Tensor, true_masks: Tensor) -> Tensor:
    """IoU (Q, G) of bool masks (Q, h, w) and (G, h, w); 0 where both are empty."""
    masks, true_masks = masks.flatten(1).float(), true_masks.flatten(1).float()
    overlap = masks @ true_masks.T
    union = masks.sum(1)[:, None] + true_masks.sum(1) - overlap
    return overlap / union.clamp(min=1)
