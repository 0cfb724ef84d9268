"""Two predictions of an image and its features, from a trained model."""

from typing import Any, Dict, List, NamedTuple, Tuple

import cv2
import numpy as np
import torch
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask
from torch import Tensor, nn

from mmssis.evaluation.teacher import batch_of
from mmssis.structures import resolve_masks

from .disagreement import Seen

PLAIN_SCORE = 0.5
"""Predictions of a plain detector with a lower score are left out; it has no filter of its own."""


class View(NamedTuple):
    """An image as a model sees it.

    Attributes:
        name: path of the image.
        first: what is proposed as labels.
        scores: class score of each instance of ``first``, in [0, 1].
        mask_scores: mask score of each, or empty.
        second: another prediction of the same image.
        features: (D,), of the last level of the backbone, averaged over the image.
    """

    name: str
    first: Seen
    scores: List[float]
    mask_scores: List[float]
    second: Seen
    features: np.ndarray


class Viewer:
    """Shows images to a model.

    Of a semi-supervised one the teacher and the student see the image, and the hooks and filters
    of the config make pseudo labels of what each of them sees. A plain detector sees the image and
    its mirror image.

    Args:
        model: in eval mode, with its clock set.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.is_semi = hasattr(model, 'teacher')
        self.backbone = (model.teacher if self.is_semi else model).backbone

    @torch.no_grad()
    def __call__(self, packed: Dict[str, Any]) -> View:
        """Two predictions and the features.

        Args:
            packed: what a data set with the pipeline of
                :func:`~mmssis.evaluation.analysis_data.teacher_pipeline` gives.

        Returns:
            The image as the model sees it; masks have the size of the image.
        """
        batch = batch_of(self.model, packed)
        found: List[Tensor] = []
        handle = self.backbone.register_forward_hook(
            lambda module, inputs, output: found.append(_pooled(output)))
        try:
            first, scores, mask_scores = self._first(batch)
        finally:
            handle.remove()
        return View(batch['data_samples'][0].img_path, first, scores, mask_scores,
                    self._second(batch), found[0].cpu().numpy())

    @torch.no_grad()
    def features(self, packed: Dict[str, Any]) -> np.ndarray:
        """The features alone, (D,)."""
        return _pooled(self.backbone(batch_of(self.model, packed)['inputs'])).cpu().numpy()

    def _first(self, batch: Dict[str, Any]) -> Tuple[Seen, List[float], List[float]]:
        """What is proposed, with its scores."""
        if not self.is_semi:
            instances = self._plain(batch['inputs'], batch['data_samples'])
            return (_seen(instances.masks.cpu().numpy(), instances), instances.scores.tolist(), [])
        instances = self._pseudo_labels(batch, self.model.teacher)
        masks = instances.mask_scores.tolist() if 'mask_scores' in instances else []
        return _in_image(instances, batch), instances.class_scores.tolist(), masks

    def _second(self, batch: Dict[str, Any]) -> Seen:
        """What it is compared with."""
        if self.is_semi:
            return _in_image(self._pseudo_labels(batch, self.model.student), batch)
        height, width = batch['data_samples'][0].img_shape[:2]
        mirrored = batch['inputs'].clone()
        mirrored[..., :height, :width] = batch['inputs'][..., :height, :width].flip(-1)
        instances = self._plain(mirrored, batch['data_samples'])
        return _seen(instances.masks.cpu().numpy()[..., ::-1], instances)

    def _pseudo_labels(self, batch: Dict[str, Any], detector: nn.Module) -> InstanceData:
        """Pseudo labels after all hooks, the best class score first."""
        for _, (instances, ) in self.model.pseudo_label_stages(
                batch['inputs'], batch['data_samples'], detector=detector):
            pass
        return resolve_masks(instances[instances.class_scores.argsort(descending=True)])

    def _plain(self, inputs: Tensor, samples: list) -> InstanceData:
        """Predictions of a plain detector, the best score first."""
        instances = self.model.predict(inputs, samples)[0].pred_instances
        instances = instances[instances.scores >= PLAIN_SCORE]
        return instances[instances.scores.argsort(descending=True)]


def _pooled(output: Any) -> Tensor:
    """The last level of a backbone's output, averaged over the image, (D,)."""
    level = output[-1] if isinstance(output, (tuple, list)) else output
    return level[0].float().mean((-2, -1))


def _in_image(instances: InstanceData, batch: Dict[str, Any]) -> Seen:
    """Instances of the network input with masks of the size of the image."""
    sample = batch['data_samples'][0]
    height, width = sample.img_shape[:2]
    size = tuple(sample.ori_shape[1::-1])
    masks = [cv2.resize(mask[:height, :width].astype(np.float32), size) > 0.5
             for mask in instances.masks.cpu().numpy()]
    return _seen(masks, instances)


def _seen(masks: Any, instances: InstanceData) -> Seen:
    """Masks as RLE, and classes; masks without a pixel are kept, so that scores fit."""
    found = [coco_mask.encode(np.asfortranarray(mask, np.uint8)) for mask in masks]
    return Seen(found, instances.labels.tolist())
