"""From a trained model to a function of an image."""

from typing import Callable, Sequence, Tuple

import numpy as np
from mmdet.models.dense_heads import RTMDetInsHead
from mmdet.models.detectors import (BaseDetector, MaskFormer, SemiBaseDetector, SingleStageDetector,
                                    TwoStageDetector)
from torch import nn

from mmssis.models.knet import KNet
from mmssis.utils.settings import check_range

from .detections import SoftDetections
from .mask_predictor import MaskPredictor
from .tta_views import View
from .two_stage_predictor import TwoStagePredictor, fits

Predictor = Callable[[np.ndarray], SoftDetections]


def build_predictor(model: BaseDetector, views: Sequence[View], score_thr: float = 0.05,
                    max_per_image: int = 100) -> Predictor:
    """The predictor of a trained instance segmentor of mmdet or mmssis.

    Mask R-CNN and its kin are averaged stage by stage (:class:`TwoStagePredictor`), everything
    else by its masks (:class:`MaskPredictor`). Of a semi-supervised model the branch that its
    ``predict_on`` names predicts: the teacher, unless it says the student.

    Args:
        model: the model with its weights, on its device.
        views: the views, see :func:`~mmssis.offline.tta_views.make_views`.
        score_thr: detections whose score is not above it are dropped, in [0, 1].
        max_per_image: detections to keep, >= 1.

    Returns:
        Function that takes an image (BGR, uint8, (H, W, 3)) and returns its detections in
        pixels of that image.

    Raises:
        TypeError: if the model predicts no instance masks, or needs proposals of another model.
        ValueError: if a threshold or number is out of its range.
    """
    check_range('score_thr', score_thr, 0, 1)
    check_range('max_per_image', max_per_image, 1, whole=True)
    detector, data_preprocessor = predicting_branch(model)
    check_segmentor(detector)
    predictor = TwoStagePredictor if fits(detector) else MaskPredictor
    return predictor(detector, views, score_thr, max_per_image, data_preprocessor)


def predicting_branch(model: BaseDetector) -> Tuple[BaseDetector, nn.Module]:
    """The detector that predicts, and what makes its inputs.

    Args:
        model: a detector, or a semi-supervised model around a teacher and a student.

    Returns:
        The detector, and the data preprocessor of the whole model: a branch need not have one.
    """
    if not isinstance(model, SemiBaseDetector):
        return model, model.data_preprocessor
    student = model.semi_test_cfg['predict_on'] == 'student'
    return model.student if student else model.teacher, model.data_preprocessor


def check_segmentor(detector: nn.Module) -> None:
    """Refuse a detector that cannot label images with masks.

    Args:
        detector: any detector.

    Raises:
        TypeError: if it predicts no instance masks, or has no proposals of its own.
    """
    name = type(detector).__name__
    segments = isinstance(detector, (MaskFormer, KNet)) or (
        isinstance(detector, SingleStageDetector)
        and isinstance(detector.bbox_head, RTMDetInsHead)) or (
        isinstance(detector, BaseDetector) and detector.with_mask)
    if not segments:
        raise TypeError(f'{name} predicts no instance masks: take a model for instance '
                        'segmentation, such as Mask R-CNN, Mask2Former, K-Net or SOLOv2')
    if isinstance(detector, TwoStageDetector) and not detector.with_rpn:
        raise TypeError(f'{name} needs proposals of another model: take a detector with an RPN')
