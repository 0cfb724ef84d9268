"""Candidates of a Mask R-CNN, and the teacher's weights of the background.

Axes: B images, M proposals of one image, N candidates of one image, K classes.
"""

from functools import partial
from typing import List, Optional, Tuple

import torch
from mmdet.models.detectors import MaskRCNN
from mmdet.models.layers import multiclass_nms
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.models.candidates import Batch, Candidates, Losses
from mmssis.structures import project_boxes
from mmssis.utils.settings import check_range


@MODELS.register_module()
class MaskRCNNCandidates(Candidates):
    """Candidates of a Mask R-CNN: its boxes after NMS, with masks on the boxes' grids.

    The NMS is that of the teacher's ``test_cfg``, with a threshold of its own, so that the mask
    head runs only on boxes that class evidence lets through. As in mmdet's NMS, one proposal
    may give candidates of several classes; each has its own box. Masks are never pasted here.

    The features of the last call are kept for :meth:`background_scores`, so that it needs no
    second pass of the backbone. They hold memory until the next call or :meth:`release`.

    Args:
        score_thr: boxes whose class score is not above it are dropped, in [0, 1]. The largest
            value that changes nothing is the class threshold of the filter that follows.
        teacher_background: weigh the negative RoIs of pseudo-labeled images by the teacher's
            background probability at the same place, as PAIS's released code does (from
            SoftTeacher). Needs ``WeightedMaskRCNN``.
        separate_negatives: what the student's class loss on pseudo labels is divided by. True:
            positive RoIs by their number, negative ones by theirs, as in PAIS, Eq. 2 and 5.
            False: both by the sum of their weights, as on labels and in PAIS's released code.
            Needs ``WeightedMaskRCNN``.

    Raises:
        ValueError: if the threshold is out of its range.
    """

    def __init__(self, score_thr: float = 0.05, teacher_background: bool = False,
                 separate_negatives: bool = False) -> None:
        self.score_thr = check_range('model.candidates.score_thr', score_thr, 0, 1)
        self.teacher_background = teacher_background
        self.separate_negatives = separate_negatives
        self._features: Optional[Tuple[Tensor, ...]] = None

    @torch.no_grad()
    def __call__(self, teacher: MaskRCNN, images: Tensor,
                 data_samples: SampleList) -> List[InstanceData]:
        """Run the teacher.

        Args:
            teacher: the detector.
            images: weak views, (B, 3, H, W), normalised.
            data_samples: their B samples.

        Returns:
            Candidates of each image with ``labels``, ``class_probs`` (N, K) without background,
            ``class_scores``, ``mask_logits`` (N, 28, 28) of the label's class on the grids of
            ``mask_boxes`` (N, 4), ``bboxes`` (the same boxes, in pixels of ``images``) and, if
            the teacher has a mask-IoU branch, ``mask_scores``.
        """
        self._features = teacher.extract_feat(images)
        proposals = teacher.rpn_head.predict(self._features, data_samples, rescale=False)
        # Without a test_cfg mmdet gives the boxes of all classes, and all probabilities.
        undecided = teacher.roi_head.predict_bbox(
            self._features, [sample.metainfo for sample in data_samples], proposals,
            rcnn_test_cfg=None)
        candidates = [
            self._suppress(teacher, image.bboxes, image.scores.float(), images.shape[-2:])
            for image in undecided
        ]
        self._add_masks(teacher, candidates)
        return candidates

    def _suppress(self, teacher: MaskRCNN, boxes: Tensor, probs: Tensor,
                  input_shape: Tuple[int, int]) -> InstanceData:
        """NMS of one image: boxes (M, 4 K) or (M, 4), probabilities (M, K + 1)."""
        cfg = teacher.roi_head.test_cfg
        kept, labels, inds = multiclass_nms(
            boxes, probs, self.score_thr, cfg.nms, cfg.max_per_img, return_inds=True)
        # The indices count (proposal, class) pairs.
        class_probs = probs[inds // (probs.shape[1] - 1), :-1]
        return InstanceData(
            metainfo=dict(input_shape=tuple(input_shape)),
            labels=labels,
            class_probs=class_probs,
            class_scores=class_probs.gather(1, labels[:, None])[:, 0],
            bboxes=kept[:, :4],
            mask_boxes=kept[:, :4].clone())

    def _add_masks(self, teacher: MaskRCNN, candidates: List[InstanceData]) -> None:
        """Mask logits, and mask scores if there are any, from one forward for all images."""
        head = teacher.roi_head
        results = head._mask_forward(
            self._features, bbox2roi([instances.mask_boxes for instances in candidates]))
        labels = torch.cat([instances.labels for instances in candidates])
        if head.mask_head.class_agnostic:
            labels = torch.zeros_like(labels)
        rows = torch.arange(len(labels), device=labels.device)
        counts = [len(instances) for instances in candidates]
        logits = results['mask_preds'][rows, labels].split(counts)
        for instances, part in zip(candidates, logits):
            instances.mask_logits = part
        if 'iou_feats' in results:
            scores = head.mask_head.iou_branch(results['iou_feats']).sigmoid().split(counts)
            for instances, part in zip(candidates, scores):
                instances.mask_scores = part

    def unlabeled_losses(self, student: MaskRCNN, teacher: MaskRCNN,
                         unlabeled: Batch) -> Losses:
        """Losses of the student on pseudo labels; the kept features are released.

        Args:
            student: the detector that learns.
            teacher: the detector of the last call.
            unlabeled: images of the student's views and their samples with pseudo labels and, as
                metainfo, ``to_weak_view`` (3 x 3) and ``weak_shape``.

        Returns:
            As the student's ``loss``.
        """
        images, data_samples = unlabeled
        settings = {}
        if self.teacher_background:
            settings['background'] = partial(self._background_of_views, teacher, data_samples)
        if self.separate_negatives:
            settings['separate_negatives'] = True
        losses = student.loss(images, data_samples, **settings)
        self.release()
        return losses

    def _background_of_views(self, teacher: MaskRCNN, data_samples: SampleList,
                             boxes: List[Tensor]) -> List[Tensor]:
        """Background probability at boxes (P_i, 4) of the student's views, (P_i,) each."""
        return self.background_scores(teacher, [
            project_boxes(part, sample.to_weak_view, sample.weak_shape)
            for part, sample in zip(boxes, data_samples)])

    @torch.no_grad()
    def background_scores(self, teacher: MaskRCNN, boxes: List[Tensor]) -> List[Tensor]:
        """The teacher's background probability at boxes, from the features of the last call.

        Args:
            teacher: the detector of the last call.
            boxes: (P_i, 4) of each image of the last call, xyxy in pixels of its weak view.

        Returns:
            (P_i,) of each image, in [0, 1].

        Raises:
            RuntimeError: if there are no features, or they are of another number of images.
        """
        if self._features is None or len(self._features[0]) != len(boxes):
            kept = 0 if self._features is None else len(self._features[0])
            raise RuntimeError(
                f'MaskRCNNCandidates has features of {kept} images and got boxes of {len(boxes)}: '
                'call it on the same weak views first, and release() only afterwards')
        logits = teacher.roi_head._bbox_forward(self._features, bbox2roi(boxes))['cls_score']
        background = logits.float().softmax(1)[:, -1]
        return list(background.split([len(part) for part in boxes]))

    def release(self) -> None:
        """Free the features of the last call."""
        self._features = None
