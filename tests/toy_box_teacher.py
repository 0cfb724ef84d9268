"""BoxTeacher in the toy world: a tiny CondInst, batches with boxes, and a training config."""

from pathlib import Path
from typing import Mapping, Optional, Sequence

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from toy import CLASSES, META_KEYS, SIZE, bare_sample, toy_config, write_coco
from toy_condinst import toy_condinst
from toy_pais import sample_with_boxes

BOXES = ((4., 8., 36., 40.), (12., 20., 44., 52.), (30., 2., 60., 30.))
PACK = dict(type='PackDetInputs', meta_keys=(*META_KEYS, 'box_labeled'))
ASSIGN = dict(type='AssignToBoxes', score_thr=0.0)
FILTER = dict(type='ClassThresholdFilter', only='unlabeled', class_thr=0.0, min_area=0)
HOOKS = dict(assign=ASSIGN, unlabeled_filter=FILTER)


def toy_box_teacher(hooks: Mapping[str, dict] = HOOKS, num_classes: int = len(CLASSES),
                    **settings) -> ConfigDict:
    """Config of BoxTeacher around a tiny CondInst whose candidates always find something."""
    detector = toy_condinst(num_classes, warm_up=0)
    return ConfigDict(
        type='BoxTeacher', detector=detector,
        candidates=dict(type='CondInstCandidates', score_thr=0.0, max_per_img=10),
        pseudo_label_hooks=dict(hooks),
        data_preprocessor=dict(type='SemiDataPreprocessor',
                               data_preprocessor=detector.data_preprocessor), **settings)


def build_box_teacher(seed: int = 0, **settings) -> torch.nn.Module:
    """BoxTeacher in training mode, its teacher like its student."""
    torch.manual_seed(seed)
    model = MODELS.build(toy_box_teacher(**settings))
    model.init_weights()
    model.train()
    model.teacher.load_state_dict(model.student.state_dict())
    return model


def view(labels: Optional[Sequence[int]] = (0, 1), size: int = SIZE, ori: int = SIZE,
         matrix: Optional[np.ndarray] = None) -> DetDataSample:
    """A preprocessed view with boxes; without any label if ``labels`` is None."""
    sample = bare_sample(size, ori, matrix)
    if labels is not None:
        sample.set_metainfo(dict(box_labeled=True))
    labels = list(labels or ())
    sample.gt_instances = InstanceData(
        labels=torch.tensor(labels, dtype=torch.long),
        bboxes=torch.tensor(BOXES[:len(labels)]).reshape(-1, 4))
    return sample


def box_batch(*kinds: Optional[Sequence[int]], sup: int = 0, size: int = SIZE) -> dict:
    """Inputs and samples for ``model.loss(**batch)``: the labels of each box-labeled image."""
    kinds = kinds or ((0, 1), (2, ))
    images = torch.randn(len(kinds), 3, size, size)
    inputs = dict(unsup_teacher=images, unsup_student=images.clone())
    samples = {name: [view(labels, size) for labels in kinds] for name in inputs}
    if sup:
        inputs['sup'] = torch.randn(sup, 3, size, size)
        samples['sup'] = [sample_with_boxes(size) for _ in range(sup)]
    return dict(multi_batch_inputs=inputs, multi_batch_data_samples=samples)


def box_config(root: Path, mixed: bool = False, write: bool = True, burn_in: int = 1,
               **settings) -> dict:
    """A whole training config over generated data, for ``Runner.from_cfg``.

    With ``mixed``, images with masks and images without any label stand beside those with boxes.
    """
    if write:
        write_coco(root, 'boxes', 4, seed=4)
    config = toy_config(root, burn_in=burn_in, write=write, **settings)
    config['model'] = toy_box_teacher(burn_in=burn_in)
    dataset = config['train_dataloader']['dataset']
    masks, unlabeled = dataset['labeled'], dataset['unlabeled']
    fields = ['sup', 'unsup_teacher', 'unsup_student']
    views = dict(type='MultiBranch', branch_field=fields, unsup_teacher=[PACK],
                 unsup_student=[dict(type='StrongPhotometric'), PACK])
    load, flip = masks['pipeline'][0], masks['pipeline'][2:4]
    boxes = dict(
        masks, type='BoxLabeledCocoDataset', ann_file='annotations/boxes.json',
        data_prefix=dict(img='boxes/'),
        pipeline=[load, dict(type='LoadAnnotations', with_bbox=True), *flip, views])
    masks['pipeline'][-1] = dict(type='MultiBranch', branch_field=fields, sup=[PACK])
    unlabeled['pipeline'] = [
        load, dict(type='LoadEmptyAnnotations', with_bbox=True), *flip, views]
    counts = dict(labeled=2, boxes=1, unlabeled=1) if mixed else dict(boxes=4)
    config['train_dataloader'].update(
        batch_sampler=dict(type='SemiBatchSampler', **counts),
        dataset=dict(type='SemiDataset', boxes=boxes))
    if mixed:
        config['train_dataloader']['dataset'].update(labeled=masks, unlabeled=unlabeled)
    return config
