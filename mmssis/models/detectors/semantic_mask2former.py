"""Mask2Former that says the class of each pixel."""

from typing import Any

import torch.nn.functional as F
from mmdet.models.detectors import Mask2Former
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmengine.structures import PixelData
from torch import Tensor

from mmssis.models.seg_heads import MaskIoUMask2FormerHead
from mmssis.ops import semantic_map, semantic_scores


@MODELS.register_module()
class SemanticMask2Former(Mask2Former):
    """Mask2Former in its semantic mode, which mmdet's fusion head leaves unimplemented.

    The losses are mmdet's, on one mask per class that an image shows (``MergeByClass``). Only
    :meth:`predict` differs: Mask2Former's semantic inference, and background where no class
    reaches a score of 0.5. The fusion head that mmdet's constructor asks for is not used.

    Args:
        *args: as :class:`mmdet.models.Mask2Former`.
        **kwargs: as :class:`mmdet.models.Mask2Former`.

    Raises:
        ValueError: if mmdet's ``SemSegMetric`` would count the classes wrongly.
        TypeError: if the head predicts the IoU of masks, which a semantic map has no use for.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # With one class the metric's histogram runs over all labels; 255 is no class to it.
        if not 2 <= self.num_classes <= 255:
            raise ValueError(f'panoptic_head of SemanticMask2Former has {self.num_classes} '
                             'classes: mmdet\'s SemSegMetric is right for 2 to 255')
        if isinstance(self.panoptic_head, MaskIoUMask2FormerHead):
            raise TypeError('panoptic_head of SemanticMask2Former is a MaskIoUMask2FormerHead: '
                            'use WeightedMask2FormerHead')

    def predict(self, batch_inputs: Tensor, batch_data_samples: SampleList,
                rescale: bool = True) -> SampleList:
        """Predict the class of each pixel.

        Args:
            batch_inputs: images (B, 3, H, W), normalised and padded.
            batch_data_samples: their B samples.
            rescale: give maps of the original images, not of the network input.

        Returns:
            The samples with ``pred_sem_seg``, whose ``sem_seg`` (1, H, W) int64 holds classes in
            [0, K), and 255 where there is none.
        """
        features = self.extract_feat(batch_inputs)
        outputs = self.panoptic_head.predict(features, batch_data_samples)
        for cls_logits, mask_logits, sample in zip(*outputs, batch_data_samples):
            scores = semantic_scores(cls_logits, mask_logits)
            classes = semantic_map(_without_padding(scores, sample, rescale))
            sample.pred_sem_seg = PixelData(sem_seg=classes[None])
        return batch_data_samples


def _without_padding(scores: Tensor, sample: DetDataSample, rescale: bool) -> Tensor:
    """Scores (K, H, W) of the image alone, in its original size if asked for."""
    height, width = sample.img_shape[:2]
    scores = scores[:, :height, :width]
    if not rescale:
        return scores
    return F.interpolate(scores[None], sample.ori_shape[:2], mode='bilinear',
                         align_corners=False)[0]
