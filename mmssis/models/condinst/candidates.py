"""Candidates of a CondInst."""

from typing import List

import torch
from mmdet.models.detectors import CondInst
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.models.candidates import Candidates
from mmssis.utils.settings import check_range


@MODELS.register_module()
class CondInstCandidates(Candidates):
    """Candidates of a CondInst: its boxes after NMS, with masks at stride 4.

    NMS works on single classes, so that there are no class probabilities. Masks are never
    upsampled here: mmdet brings all of them to the image's size first.

    Args:
        score_thr: classes of points whose probability is not above it are dropped, in [0, 1];
            in place of ``score_thr`` of the teacher's ``test_cfg``.
        max_per_img: number of candidates of an image at most, at least 1; in place of that of the
            teacher's ``test_cfg``.

    Raises:
        ValueError: if a setting is out of its range.
    """

    def __init__(self, score_thr: float = 0.05, max_per_img: int = 100) -> None:
        self.score_thr = check_range('model.candidates.score_thr', score_thr, 0, 1)
        self.max_per_img = check_range('model.candidates.max_per_img', max_per_img, 1, whole=True)

    @torch.no_grad()
    def __call__(self, teacher: CondInst, images: Tensor,
                 data_samples: SampleList) -> List[InstanceData]:
        """Run the teacher.

        Args:
            teacher: the detector, in eval mode.
            images: weak views, (B, 3, H, W), normalised.
            data_samples: their B samples.

        Returns:
            Candidates of each image with ``labels``, ``class_scores`` (square root of class
            probability times centerness, as in the papers; mmdet leaves out the root),
            ``bboxes`` (as detected, in pixels of ``images``) and ``mask_logits`` (N, H / 4,
            W / 4), the best first.
        """
        features = teacher.extract_feat(images)
        cfg = ConfigDict(teacher.bbox_head.test_cfg, score_thr=self.score_thr,
                         max_per_img=self.max_per_img)
        detected = teacher.bbox_head.predict_by_feat(
            *teacher.bbox_head(features), cfg=cfg, rescale=False,
            batch_img_metas=[sample.metainfo for sample in data_samples])
        mask_logits, = teacher.mask_head(features, detected)
        return [
            InstanceData(
                metainfo=dict(input_shape=tuple(images.shape[-2:])),
                labels=image.labels,
                class_scores=image.scores.float().sqrt(),
                bboxes=image.bboxes,
                mask_logits=logits) for image, logits in zip(detected, mask_logits)
        ]
