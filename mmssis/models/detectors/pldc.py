"""PL-DC: pseudo-label quality decoupling and correction."""

from typing import Dict, Optional

import torch
from mmdet.registry import MODELS
from torch import Tensor

from .semi_instance_segmentor import Batch, SemiInstanceSegmentor


@MODELS.register_module()
class PLDC(SemiInstanceSegmentor):
    """Pseudo-Label Quality Decoupling and Correction (PL-DC) on Mask2Former.

    The method's three parts are pseudo-label hooks of the config (``DualThresholdFilter``,
    ``ClipCategoryCorrection``, ``MaskUncertainty``) and the head that reads pixel weights
    (``WeightedMask2FormerHead``). The detector adds that labeled and unlabeled images share
    one student forward where their sizes agree; the losses are those of two forwards.
    """

    def student_losses(self, labeled: Optional[Batch], unlabeled: Optional[Batch] = None
                       ) -> Dict[str, Tensor]:
        """Losses on labels and pseudo labels, from one forward where sizes agree."""
        alone = labeled is None or unlabeled is None
        if alone or labeled.images.shape[1:] != unlabeled.images.shape[1:]:
            return super().student_losses(labeled, unlabeled)
        head = self.student.panoptic_head
        features = self.student.extract_feat(torch.cat([labeled.images, unlabeled.images]))
        outputs = head(features, labeled.data_samples + unlabeled.data_samples)
        cut = len(labeled.images)
        sup = head.loss_of_outputs([[layer[:cut] for layer in kind] for kind in outputs],
                                   labeled.data_samples)
        unsup = head.loss_of_outputs([[layer[cut:] for layer in kind] for kind in outputs],
                                     unlabeled.data_samples)
        return {
            **self.weigh('sup_', sup, self.sup_weight),
            **self.weigh('unsup_', unsup, self.unsup_scale(unlabeled))
        }
