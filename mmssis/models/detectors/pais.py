"""PAIS: pseudo-label alignment."""

from functools import partial
from typing import Any, Dict, List

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.models.pseudo_labels import (ClassThresholdFilter, DualThresholdFilter,
                                         MaskRCNNCandidates)
from mmssis.structures import move_box_masks, move_query_masks, project_boxes, view_to_view

from .semi_instance_segmentor import Batch, SemiInstanceSegmentor


@MODELS.register_module()
class PAIS(SemiInstanceSegmentor):
    """Pseudo-label Aligning Instance Segmentation on K-Net, Mask2Former and Mask R-CNN.

    The dual thresholds and the aligning weights are pseudo-label hooks of the config
    (``DualThresholdFilter`` on class score and predicted mask IoU, ``AligningWeights``). The
    detector adds that teacher and student see views of different geometry: masks of query
    models go to the student's stride-4 grid, those of Mask R-CNN straight to its RoIs.

    Args:
        *args: as :class:`SemiInstanceSegmentor`.
        teacher_background: weigh the negative RoIs of pseudo-labeled images by the teacher's
            background probability at the same place, as the released code for Mask R-CNN does
            (from SoftTeacher). Needs ``WeightedMaskRCNN`` and ``MaskRCNNCandidates``.
        **kwargs: as :class:`SemiInstanceSegmentor`.

    Raises:
        ValueError: if ``teacher_background`` is set and the candidates cannot give it, or if the
            threshold of the candidates is above that of the first filter.
    """

    def __init__(self, *args: Any, teacher_background: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_boxes = isinstance(self.candidates, MaskRCNNCandidates)
        if teacher_background and not self.has_boxes:
            raise ValueError('model.teacher_background = True needs MaskRCNNCandidates, got '
                             f'{type(self.candidates).__name__}: set it to False')
        self.teacher_background = teacher_background
        if self.has_boxes:
            self._check_thresholds()

    def _check_thresholds(self) -> None:
        """Refuse a threshold of the candidates that hides the first filter's."""
        score_thr = self.candidates.score_thr
        for hook in self.pseudo_label_hooks[:1]:
            if isinstance(hook, (DualThresholdFilter, ClassThresholdFilter)) \
                    and score_thr > hook.class_thr:
                raise ValueError(
                    f'model.candidates.score_thr = {score_thr} is above class_thr = '
                    f'{hook.class_thr} of {hook.name}: boxes between the two would never reach '
                    'the filter. Set both')

    def finish(self, instances: InstanceData) -> InstanceData:
        """Leave the masks at their native resolution."""
        return instances

    def move(self, instances: InstanceData, source: DetDataSample,
             target: DetDataSample) -> InstanceData:
        """Pseudo labels of one image in its strong view, never as full-size masks."""
        matrix, out_shape = view_to_view(source, target), tuple(target.batch_input_shape)
        target.set_metainfo(dict(to_weak_view=np.linalg.inv(matrix),
                                 weak_shape=tuple(source.img_shape[:2])))
        if 'mask_boxes' in instances:
            return move_box_masks(instances, matrix, out_shape, target.img_shape)
        return move_query_masks(instances, matrix, out_shape)

    def unlabeled_losses(self, unlabeled: Batch) -> Dict[str, Tensor]:
        """Losses on pseudo labels, where set with the teacher's view of the background."""
        settings = {}
        if self.teacher_background:
            settings['background'] = partial(self.background_scores, unlabeled.data_samples)
        losses = self.student.loss(*unlabeled, **settings)
        if self.has_boxes:
            self.candidates.release()
        return losses

    @torch.no_grad()
    def background_scores(self, data_samples: SampleList, boxes: List[Tensor]) -> List[Tensor]:
        """The teacher's background probability at boxes of the strong views.

        Args:
            data_samples: samples of the strong views, after :meth:`move`.
            boxes: (P_i, 4) of each image, xyxy in pixels of its strong view.

        Returns:
            (P_i,) of each image, in [0, 1].
        """
        in_weak_view = [
            project_boxes(part, sample.to_weak_view, sample.weak_shape)
            for part, sample in zip(boxes, data_samples)
        ]
        return self.candidates.background_scores(self.teacher, in_weak_view)
