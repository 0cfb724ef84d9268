"""PAIS in the toy world: tiny K-Net and Mask R-CNN, and views of different geometry."""

from pathlib import Path
from typing import Dict, Optional, Sequence

import numpy as np
import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from toy import labeled_sample, toy_config, toy_detector
from toy_knet import knet_config
from toy_mask_rcnn import toy_mask_rcnn

KINDS = ('knet', 'mask-rcnn', 'mask2former')


def toy_pais(kind: str, hooks: Optional[Dict[str, dict]] = None, num_classes: int = 3,
             **settings) -> ConfigDict:
    """Config of PAIS around a tiny detector; without ``hooks`` all candidates are pseudo labels."""
    if hooks is None:
        hooks = dict(dual_threshold=dict(
            type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0, min_area=0),
            da_loss=dict(type='AligningWeights'))
    if kind == 'knet':
        detector, candidates = knet_config(num_classes), dict(
            type='KNetCandidates', separate_negatives=True)
    elif kind == 'mask-rcnn':
        detector = toy_mask_rcnn(num_classes)
        candidates = dict(type='MaskRCNNCandidates', score_thr=0.0, teacher_background=True,
                          separate_negatives=True)
    else:
        detector, candidates = toy_detector(num_classes), dict(type='Mask2FormerCandidates')
        detector.panoptic_head.type = 'MaskIoUMask2FormerHead'
    return ConfigDict(
        type='PAIS', detector=detector, candidates=candidates, pseudo_label_hooks=dict(hooks),
        data_preprocessor=dict(type='SemiDataPreprocessor',
                               data_preprocessor=detector.data_preprocessor), **settings)


def build_pais(kind: str, seed: int = 0, **settings):
    """PAIS in training mode, its teacher like its student, at iteration 10 of 100."""
    torch.manual_seed(seed)
    model = MODELS.build(toy_pais(kind, **settings))
    model.init_weights()
    model.train()
    model.teacher.load_state_dict(model.student.state_dict())
    model.set_clock(10, 100)
    return model


def sample_with_boxes(size: int = 64, labels: Sequence[int] = (0, 1)):
    """A labeled sample whose boxes fit its masks."""
    sample = labeled_sample(size, labels)
    boxes = sample.gt_instances.masks.get_bboxes(dst_type='hbox').tensor
    sample.gt_instances.bboxes = boxes.reshape(-1, 4)
    return sample


def pais_batch(num: int = 2, labels: Sequence[int] = (0, 1), matrix: Optional[np.ndarray] = None,
               weak_size: int = 64, strong_size: int = 96) -> dict:
    """Preprocessed branches; the strong view is larger and, by default, flipped."""
    if matrix is None:
        scale = strong_size / weak_size
        matrix = np.array([[-scale, 0, strong_size], [0, scale, 0], [0, 0, 1]])
    sizes = dict(sup=64, unsup_teacher=weak_size, unsup_student=strong_size)
    samples = {
        name: [sample_with_boxes(size, labels if name == 'sup' else ()) for _ in range(num)]
        for name, size in sizes.items()}
    for sample in samples['unsup_student']:
        sample.set_metainfo(dict(homography_matrix=matrix))
    return dict(
        multi_batch_inputs={name: torch.randn(num, 3, size, size) for name, size in sizes.items()},
        multi_batch_data_samples=samples)


def pais_config(root: Path, kind: str, burn_in: int = 1, **settings) -> dict:
    """A whole training config with views of different geometry, for ``Runner.from_cfg``."""
    config = toy_config(root, burn_in=burn_in, **settings)
    config['model'] = toy_pais(kind, burn_in=burn_in)
    dataset = config['train_dataloader']['dataset']
    labeled, unlabeled = dataset['labeled'], dataset['unlabeled']
    fields, pack = ['sup', 'unsup_teacher', 'unsup_student'], labeled['pipeline'][-1]['sup'][0]
    geometry = [dict(type='RandomResize', scale=[(64, 48), (96, 96)], resize_type='Resize',
                     keep_ratio=True), dict(type='RandomFlip', prob=0.5)]
    strong = [*geometry, dict(type='EdgeRotate', max_mag=30.0), dict(type='OneOfColor'), pack]
    labeled['pipeline'][-1] = dict(type='MultiBranch', branch_field=fields, sup=[pack])
    unlabeled['pipeline'][2:] = [dict(
        type='MultiBranch', branch_field=fields, unsup_teacher=[*geometry, pack],
        unsup_student=strong)]
    dataset['same_geometry'] = False
    return config
