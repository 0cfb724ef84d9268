"""Configs of Noisy Boundaries: a teacher, its labels' files, and a student that fit together."""

import re
from pathlib import Path
from typing import Any, List, Optional, Tuple

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import DATA_SAMPLERS, DATASETS, HOOKS, LOOPS, METRICS, MODELS
from mmengine.config import Config
from mmengine.dataset import Compose
from shipped import (COCO_CLASSES, CONFIGS, OFFLINE, accepts, distinct, docstring, found, loaded,
                     name_of)

from mmssis.models.roi_heads import NoiseTolerantMaskHead

FOLDER = CONFIGS / 'noisy_boundaries'
TEACHERS = [path for path in OFFLINE if path.parent.name == 'teachers']
STUDENTS = [path for path in OFFLINE if path not in TEACHERS]
STRONG = {'OneOfDistortion', 'CutOut'}
# Mask AP of the paper's tables 1 to 5.
PUBLISHED = {
    'mask-rcnn_r50_coco1pct.py': 7.7,
    'mask-rcnn_r50_coco2pct.py': 16.3,
    'mask-rcnn_r50_coco5pct.py': 24.9,
    'mask-rcnn_r50_coco10pct.py': 29.2,
    'mask-rcnn_r50_coco30pct.py': 32.8,
    'mask-rcnn_r50_coco100pct.py': 38.6,
    'mask-rcnn_r50_cityscapes5pct.py': 17.1,
    'mask-rcnn_r50_cityscapes10pct.py': 22.1,
    'mask-rcnn_r50_cityscapes20pct.py': 29.0,
    'mask-rcnn_r50_cityscapes30pct.py': 32.4,
    'mask-rcnn_r50_cityscapes40pct.py': 33.0,
    'mask-rcnn_r50_cityscapes_extra20k.py': 39.3,
    'mask-rcnn_r50_bdd100k.py': 26.3,
    'teachers/mask-rcnn_r50_coco1pct_teacher.py': 3.5,
    'teachers/mask-rcnn_r50_coco100pct_teacher.py': 34.5,
    'teachers/mask-rcnn_r50_cityscapes40pct_teacher.py': 27.7,
    'teachers/mask-rcnn_r50_bdd100k_teacher.py': 21.6,
    'ablations/mask-rcnn_r50_cityscapes30pct_baseline.py': 28.3,
    'ablations/mask-rcnn_r50_cityscapes30pct_strong-aug.py': 30.2,
    'ablations/mask-rcnn_r50_cityscapes30pct_ntm.py': 31.1,
    'ablations/mask-rcnn_r50_cityscapes30pct_bpm.py': 31.0,
    'ablations/mask-rcnn_r50_cityscapes30pct_focal.py': 33.2,
    'data_distillation/mask-rcnn_r50_coco10pct_data-distillation.py': 24.2,
}
# LR steps and length.
SCHEDULES = {
    'mask-rcnn_r50_coco1pct.py': ([60000, 80000], 90000),
    'mask-rcnn_r50_cityscapes40pct.py': ([18746], 21424),
    'mask-rcnn_lite0_animals2pct.py': ([510], 600),
    'teachers/mask-rcnn_r50_coco1pct_teacher.py': ([30000, 40000], 45000),
    'teachers/mask-rcnn_r50_coco1pct_teacher_released.py': ([592, 813], 887),
    'teachers/mask-rcnn_r50_coco10pct_teacher_released.py': ([5914, 8132], 8872),
    'teachers/mask-rcnn_r50_coco100pct_teacher.py': ([60000, 80000], 90000),
    'teachers/mask-rcnn_r50_cityscapes20pct_teacher_released.py': ([4165], 4760),
    'teachers/mask-rcnn_lite0_dsb2018_5pct_teacher.py': ([510], 600),
}
NTM, FCN, MAP = 'NoiseTolerantMaskHead', 'FCNMaskHead', dict(scale=3.0)
# Mask head, boundary map and weight of the mask losses; augmentation of the pseudo-labeled images.
PARTS = {
    'mask-rcnn_r50_coco10pct.py': (NTM, MAP, 1.0, True),
    'mask-rcnn_r50_cityscapes30pct.py': (NTM, MAP, 3.0, True),
    'ablations/mask-rcnn_r50_cityscapes30pct_baseline.py': (FCN, None, 3.0, False),
    'ablations/mask-rcnn_r50_cityscapes30pct_strong-aug.py': (FCN, None, 3.0, True),
    'ablations/mask-rcnn_r50_cityscapes30pct_ntm.py': (NTM, None, 3.0, True),
    'ablations/mask-rcnn_r50_cityscapes30pct_bpm.py': (FCN, MAP, 3.0, True),
    'ablations/mask-rcnn_r50_cityscapes20pct_released.py': (NTM, None, 9.0, True),
    'ablations/mask-rcnn_r50_coco10pct_released.py': (NTM, None, 3.0, True),
    'data_distillation/mask-rcnn_r50_coco10pct_data-distillation.py': (FCN, None, 1.0, False),
    'ablations/mask-rcnn_lite0_animals2pct_fixed-thr.py': (FCN, None, 1.0, True),
    'ablations/mask-rcnn_lite0_animals2pct_matched-thr.py': (FCN, None, 1.0, True),
    'ablations/mask-rcnn_lite0_dsb2018_5pct_ntm.py': (NTM, None, 1.0, True),
    'ablations/mask-rcnn_lite0_dsb2018_5pct_bpm.py': (FCN, MAP, 1.0, True),
    'mask-rcnn_lite0_dsb2018_5pct.py': (NTM, MAP, 1.0, True),
}
# Thresholds of boxes and pixels; None: matched.
THRESHOLDS = {
    'mask-rcnn_r50_coco10pct.py': (None, None),
    'ablations/mask-rcnn_r50_coco10pct_released.py': (None, 0.44),
    'ablations/mask-rcnn_r50_cityscapes20pct_released.py': (None, 0.42),
    'ablations/mask-rcnn_r50_coco10pct_fixed-thr.py': (0.7, 0.5),
    'ablations/mask-rcnn_lite0_animals2pct_fixed-thr.py': (0.7, 0.5),
    'ablations/mask-rcnn_lite0_dsb2018_5pct_matched-thr.py': (None, None),
    'data_distillation/mask-rcnn_r50_coco10pct_data-distillation.py': ('matched', 0.5),
}

every_student = pytest.mark.parametrize('path', STUDENTS, ids=name_of)
every_teacher = pytest.mark.parametrize('path', TEACHERS, ids=name_of)
every_config = pytest.mark.parametrize('path', OFFLINE, ids=name_of)


def transforms_of(pipeline: List[dict]) -> set:
    return {transform['type'] for transform in pipeline}


def labeled_set(cfg: Config) -> Any:
    """The labeled data set of a student or of a teacher."""
    dataset = cfg.train_dataloader.dataset
    return dataset.datasets[0] if 'datasets' in dataset else dataset


def labeled_file(cfg: Config) -> Path:
    dataset = labeled_set(cfg)
    return Path(dataset.data_root, dataset.ann_file)


def test_no_two_configs_share_a_work_directory() -> None:
    """A student would go on from its teacher's checkpoint."""
    stems = [path.stem for path in OFFLINE]
    assert len(set(stems)) == len(stems)


@pytest.mark.parametrize('name, mask_ap', PUBLISHED.items())
def test_docstring_names_the_published_ap(name: str, mask_ap: float) -> None:
    assert f'Published: {mask_ap} mask AP' in docstring(FOLDER / name)


@pytest.mark.parametrize('name, expected', SCHEDULES.items())
def test_schedule(name: str, expected: Tuple[List[int], int]) -> None:
    cfg = loaded(FOLDER / name)
    step, warm_up = cfg.param_scheduler
    assert (step.milestones, cfg.train_cfg.max_iters) == expected
    assert step.end == cfg.train_cfg.max_iters > warm_up.end


@pytest.mark.parametrize('name, expected', PARTS.items())
def test_parts_of_the_student(name: str, expected: Tuple[str, Optional[dict], float, bool]) -> None:
    cfg = loaded(FOLDER / name)
    head = cfg.model.roi_head
    pipelines = [transforms_of(dataset.pipeline) for dataset in
                 cfg.train_dataloader.dataset.datasets]
    strong = [STRONG <= pipeline for pipeline in pipelines]
    assert (head.mask_head.type, head.boundary_map, head.mask_head.loss_mask.loss_weight) == (
        expected[:3])
    assert strong == [expected[3]] * 2


@pytest.mark.parametrize('name, expected', THRESHOLDS.items())
def test_thresholds(name: str, expected: Tuple[Any, Any]) -> None:
    plan = loaded(FOLDER / name).self_training
    assert (plan.get('box_thr'), plan.get('pixel_thr')) == expected


@pytest.mark.parametrize('name, expected', [
    ('ablations/mask-rcnn_r50_cityscapes20pct_released.py', 0.1),
    ('ablations/mask-rcnn_r50_coco10pct_released.py', 0.1),
    ('mask-rcnn_r50_coco10pct.py', None),
])
def test_released_thresholds_start_at_a_tenth(name: str, expected: Optional[float]) -> None:
    assert loaded(FOLDER / name).self_training.get('score_floor') == expected


def test_students_of_one_teacher_share_its_predictions() -> None:
    """Predictions with another floor or other views would be refused, after the training."""
    wanted = {}
    for path in STUDENTS:
        plan = loaded(path).self_training
        predicted = (plan.preset, plan.get('score_floor'), plan.unlabeled)
        assert wanted.setdefault(plan.teacher, predicted) == predicted, name_of(path)


@every_config
def test_number_of_classes_is_consistent(path: Path) -> None:
    cfg = loaded(path)
    named = [metainfo['classes'] for metainfo in found(
        [cfg.train_dataloader.dataset, cfg.val_dataloader.dataset], 'metainfo')]
    assert all(classes == named[0] for classes in named)
    assert len(named) in (0, 2 if path in TEACHERS else 3)
    num_classes = len(named[0]) if named else COCO_CLASSES
    assert set(found(cfg.model, 'num_classes')) == {num_classes}


@every_config
def test_a_plain_detector_is_validated_and_kept_by_its_mask_ap(path: Path) -> None:
    cfg = loaded(path)
    assert cfg.model.type == 'WeightedMaskRCNN' and cfg.val_cfg.type == 'ValLoop'
    assert cfg.default_hooks.checkpoint.save_best == 'coco/segm_mAP'
    assert cfg.val_evaluator.type == cfg.test_evaluator.type == 'BoundaryCocoMetric'
    val = cfg.val_dataloader.dataset
    assert cfg.val_evaluator.ann_file == val.data_root + val.ann_file
    hooks = {hook.type for hook in cfg.custom_hooks}
    assert not hooks & {'TeacherEMAHook', 'PseudoLabelStatisticsHook', 'TrainingGuardHook'}


@every_student
def test_two_labeled_images_for_one_with_pseudo_labels(path: Path) -> None:
    loader = loaded(path).train_dataloader
    sampler = dict(type='SemiBatchSampler', source_ratio=[2, 1], burn_in=0)
    assert dict(loader.batch_sampler) == sampler
    assert loader.batch_size % 3 == 0


@every_student
def test_student_reads_what_its_teacher_labels(path: Path) -> None:
    cfg = loaded(path)
    labeled, pseudo = cfg.train_dataloader.dataset.datasets
    plan = cfg.self_training
    assert set(plan) - {'box_thr', 'pixel_thr', 'score_floor'} == {
        'teacher', 'labeled', 'unlabeled', 'image_root', 'preset'}
    assert pseudo.type == 'PseudoLabeledCocoDataset' and 'data_root' not in pseudo
    assert pseudo.ann_file == f'work_dirs/self_training/{path.stem}/pseudo/pseudo_labels.json'
    assert Path(pseudo.data_prefix.img) == Path(plan.image_root)
    assert Path(plan.labeled) == labeled_file(cfg)


@every_student
def test_teacher_learns_from_the_students_labels_alone(path: Path) -> None:
    cfg = loaded(path)
    teacher = CONFIGS.parent / cfg.self_training.teacher
    assert teacher in TEACHERS
    assert labeled_file(loaded(teacher)) == labeled_file(cfg)
    assert loaded(teacher).val_dataloader == cfg.val_dataloader


@every_student
def test_fractions_pair_a_labeled_file_with_its_complement(path: Path) -> None:
    plan = loaded(path).self_training
    percent = re.search(r'(\d+)pct', path.name)
    if percent is not None and percent.group(1) != '100':
        assert plan.labeled.endswith(f'@{percent.group(1)}.json')
        assert plan.unlabeled == plan.labeled.replace('.json', '-unlabeled.json')
    else:
        assert 'semi_anns' not in plan.labeled and plan.unlabeled != plan.labeled


@every_teacher
def test_teacher_is_plain(path: Path) -> None:
    cfg = loaded(path)
    head = cfg.model.roi_head
    assert (head.mask_head.type, head.boundary_map) == (FCN, None)
    assert head.mask_head.loss_mask.loss_weight == 1.0
    assert not transforms_of(cfg.train_dataloader.dataset.pipeline) & STRONG
    assert cfg.train_cfg.type == 'IterBasedTrainLoop' and 'batch_sampler' not in (
        cfg.train_dataloader)
    assert dict(cfg.self_training) == {}


@every_config
def test_all_types_are_registered_and_take_their_settings(path: Path) -> None:
    cfg = loaded(path)
    loader = cfg.train_dataloader
    parts = [(LOOPS, cfg.train_cfg), (LOOPS, cfg.val_cfg), (LOOPS, cfg.test_cfg),
             (DATA_SAMPLERS, loader.sampler), (DATASETS, labeled_set(cfg)),
             (METRICS, cfg.val_evaluator), (MODELS, cfg.model),
             *[(HOOKS, hook) for hook in cfg.default_hooks.values() if hook is not None]]
    if path in STUDENTS:
        parts += [(DATA_SAMPLERS, loader.batch_sampler), (DATASETS, loader.dataset),
                  (DATASETS, loader.dataset.datasets[1])]
    for registry, part in parts:
        assert accepts(registry, part), part


def test_all_custom_hooks_build() -> None:
    for hook in distinct(hook for path in OFFLINE for hook in loaded(path).custom_hooks):
        assert HOOKS.build(hook) is not None


def test_all_pipelines_build() -> None:
    pipelines = [pipeline for path in OFFLINE for pipeline in found(
        [loaded(path).train_dataloader, loaded(path).val_dataloader], 'pipeline')]
    for pipeline in distinct(iter(pipelines)):
        assert len(Compose(pipeline).transforms) == len(pipeline)


def test_all_models_build_without_weights() -> None:
    for cfg in distinct(loaded(path).model for path in OFFLINE):
        # mmpretrain reads numbers of tensors while it builds, which the meta device has not.
        with torch.device('cpu' if cfg.backbone.type == 'FrozenNormTIMM' else 'meta'):
            model = MODELS.build(cfg)
        head = model.roi_head.mask_head
        assert isinstance(head, NoiseTolerantMaskHead) == (cfg.roi_head.mask_head.type == NTM)


def test_scores_become_weights_in_the_ablation(tmp_path: Path) -> None:
    cfg = loaded(FOLDER / 'ablations/mask-rcnn_r50_coco10pct_score-weights.py')
    cv2.imwrite(str(tmp_path / '0.png'), np.full((60, 80, 3), 90, np.uint8))
    square = [[8, 8, 40, 8, 40, 40, 8, 40]]
    instance = dict(bbox=[8, 8, 40, 40], bbox_label=0, ignore_flag=0, mask=square)
    sample = dict(img_id=0, img_path=str(tmp_path / '0.png'), height=60, width=80, instances=[
        dict(instance, score=0.5, mask_score=1.0), dict(instance, score=1.0, mask_score=0.5)])
    packed = Compose(cfg.train_dataloader.dataset.datasets[1].pipeline)(sample)
    instances = packed['data_samples'].gt_instances
    assert instances.cls_weights.tolist() == [0.0625, 1.0]
    assert instances.mask_weights.tolist() == [1.0, 0.0625]
