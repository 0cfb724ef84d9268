"""A trained model that takes images as they are."""

import copy
from pathlib import Path
from typing import List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmdet.registry import DATASETS
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.structures import InstanceData

from mmssis.engine.trained_model import load_trained_model
from mmssis.offline.image_source import image_loader
from mmssis.utils.class_names import make_palette

Colour = Tuple[int, int, int]


class Detector:
    """A trained model for single images.

    Args:
        cfg: its config.
        checkpoint: its weights.
        branch: 'teacher' or 'student' of a semi-supervised model; None takes the config's.
        device: 'cpu', 'cuda', 'cuda:1', ...
        score_thr: instances below are left out, in [0, 1].

    Attributes:
        classes: names of the K classes.
        colours: K RGB colours.
        load: how image files are read.

    Raises:
        ValueError: if the checkpoint does not fit, or the config does not say how images are read.
    """

    def __init__(self, cfg: Config, checkpoint: Union[str, Path], branch: Optional[str],
                 device: str, score_thr: float) -> None:
        cfg = with_test_data(cfg)
        self._model, self.classes = load_trained_model(cfg, checkpoint, branch)
        self._model.to(device)
        self._score_thr = score_thr
        steps = get_test_pipeline_cfg(cfg)
        self.load = image_loader(steps)
        self._pipeline = Compose([
            dict(type='mmdet.LoadImageFromNDArray'),
            *(step for step in steps if 'Load' not in str(step['type']))])
        self.colours = colours_of(cfg, self.classes)

    @torch.no_grad()
    def __call__(self, images: Sequence[np.ndarray]) -> List[InstanceData]:
        """See what is in images.

        Args:
            images: BGR uint8 (H, W, 3) each, of any sizes.

        Returns:
            Instances of each image on the CPU, best score first: ``labels`` (N,), ``scores``
            (N,), ``bboxes`` (N, 4) xyxy and ``masks`` bool (N, H, W), none of them empty.

        Raises:
            ValueError: if the model predicts no masks.
        """
        packed = [self._pipeline(dict(img=image, img_id=0)) for image in images]
        samples = self._model.test_step({
            key: [sample[key] for sample in packed] for key in ('inputs', 'data_samples')})
        return [self._chosen(sample.pred_instances) for sample in samples]

    def _chosen(self, found: InstanceData) -> InstanceData:
        """Those with a mask and a score that is high enough."""
        if 'masks' not in found:
            raise ValueError(f'a {type(self._model).__name__} predicts no masks: give a model of '
                             'instance segmentation')
        found = found[found.scores >= self._score_thr]
        found = found[found.scores.argsort(descending=True, stable=True)]
        return found[found.masks.flatten(1).any(1)].cpu()


def with_test_data(cfg: Config) -> Config:
    """A config that says how images are tested; where it has no test data, as in validation.

    Args:
        cfg: of a model; not changed.

    Returns:
        The config with ``test_dataloader``.

    Raises:
        ValueError: if it has no validation data either.
    """
    if 'test_dataloader' in cfg:
        return cfg
    if 'val_dataloader' not in cfg:
        raise ValueError(f'{cfg.filename} has neither test_dataloader nor val_dataloader, whose '
                         'pipeline says how images are resized: give the config of the training '
                         'with --config')
    cfg = copy.deepcopy(cfg)
    cfg.test_dataloader = cfg.val_dataloader
    return cfg


def colours_of(cfg: Config, classes: Sequence[str]) -> List[Colour]:
    """A colour for each class: those of the data set, or else colours that differ.

    Args:
        cfg: of the model, with ``test_dataloader``.
        classes: names of the classes.

    Returns:
        RGB colours.
    """
    dataset = cfg.test_dataloader.dataset
    known = [dataset.get('metainfo') or {}]
    if 'type' in dataset:
        known.append(DATASETS.get(dataset.type).METAINFO)
    for meta in known:
        if tuple(meta.get('classes') or ()) == tuple(classes) and meta.get('palette'):
            return [tuple(colour) for colour in meta['palette']]
    return make_palette(len(classes))
