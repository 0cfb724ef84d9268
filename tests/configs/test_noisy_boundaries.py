"""Configs of Noisy Boundaries: a teacher, its labels' file, and a student that fit together."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose
from shipped import CONFIGS, loaded, run_of

FOLDER = CONFIGS / 'noisy_boundaries'


def student(name: str) -> Config:
    return loaded(FOLDER / f'mask-rcnn_{name}.py')


def teacher(name: str) -> Config:
    return loaded(FOLDER / f'mask-rcnn_{name}.py', supervised=True)


def run(name: str) -> Config:
    """A row of the metafile."""
    return run_of(f'noisy_boundaries: {name}')


def is_strong(source: ConfigDict) -> bool:
    found = [name in str(source.pipeline) for name in ('OneOfDistortion', 'CutOut')]
    assert found[0] == found[1]
    return found[0]


def schedule_of(cfg: Config) -> Any:
    step, warm_up = cfg.param_scheduler
    assert step.end == cfg.train_cfg.max_iters > warm_up.end
    return step.milestones, cfg.train_cfg.max_iters


@pytest.mark.parametrize('name, weights, students, teachers', [
    ('r50_coco5pct', (1.0, 1.0), ([60000, 80000], 90000), ([30000, 40000], 45000)),
    ('r50_cityscapes20pct', (3.0, 1.0), ([18746], 21424), ([11925], 13500)),
    ('r50_cityscapes_extra20k', (3.0, 1.0), ([78750], 90000), ([21000], 24000)),
    ('lite0_dsb2018_5pct', (1.0, 1.0), ([510], 600), ([510], 600)),
])
def test_student_and_its_plain_teacher(name: str, weights: Any, students: Any, teachers: Any):
    """The head's parts, the mask loss, the augmentation, the length."""
    heads = [cfg.model.roi_head for cfg in (student(name), teacher(name))]
    assert [head.mask_head.type for head in heads] == ['NoiseTolerantMaskHead', 'FCNMaskHead']
    assert [head.boundary_map for head in heads] == [dict(scale=3.0), None]
    assert tuple(head.mask_head.loss_mask.loss_weight for head in heads) == weights
    sources = student(name).train_dataloader.dataset
    assert sources.labeled.pipeline == sources.pseudo.pipeline
    plain = teacher(name).train_dataloader.dataset.labeled
    assert is_strong(sources.labeled) and not is_strong(plain)
    assert plain.ann_file == sources.labeled.ann_file
    assert (schedule_of(student(name)), schedule_of(teacher(name))) == (students, teachers)


@pytest.mark.parametrize('name, labeled, unlabeled, images', [
    ('r50_coco100pct', 'coco/annotations/instances_train2017.json',
     'coco/annotations/image_info_unlabeled2017.json', 'coco/unlabeled2017'),
    ('r50_bdd100k', 'bdd100k/annotations/ins_seg_train_bitmasks.json',
     'bdd100k/annotations/unlabeled.json', 'bdd100k/images/100k/train'),
])
def test_pseudo_labels_are_of_the_students_unlabeled_images(name: str, labeled: str, unlabeled: str,
                                                            images: str) -> None:
    plan, sources = student(name).self_training, student(name).train_dataloader.dataset
    pseudo = sources.pseudo
    paths = (plan.labeled, plan.unlabeled, plan.image_root, pseudo.data_prefix.img,
             Path(sources.labeled.data_root, sources.labeled.ann_file))
    assert [Path(path) for path in paths] == [
        Path('data', path) for path in (labeled, unlabeled, images, images, labeled)]
    assert not pseudo.data_root and pseudo.ann_file == (
        f'work_dirs/self_training/mask-rcnn_{name}/pseudo/pseudo_labels.json')


def test_batches_hold_two_labeled_images_for_one_with_pseudo_labels() -> None:
    sampler = student('r50_coco5pct').train_dataloader.batch_sampler
    assert (sampler.labeled, sampler.pseudo) == (2, 1)
    batches = [(cfg.train_dataloader.batch_size, cfg.auto_scale_lr.base_batch_size)
               for cfg in (student('r50_coco5pct'), teacher('r50_coco5pct'))]
    assert batches == [(3, 24), (2, 16)]


def test_a_plain_detector_has_no_teacher_and_is_kept_by_its_mask_ap() -> None:
    cfg = student('lite0_animals2pct')
    types = {hook.type for hook in cfg.default_hooks.values() if hook}
    assert 'CheckInvalidLossHook' in types
    assert not types & {'TeacherEMAHook', 'PseudoLabelStatisticsHook', 'TrainingGuardHook'}
    assert (cfg.val_cfg.type, cfg.val_evaluator.type, cfg.default_hooks.checkpoint.save_best) == (
        'ValLoop', 'BoundaryCocoMetric', 'coco/segm_mAP')


def test_rows_change_the_steps_they_mean() -> None:
    """A row names steps of pipelines by their place."""
    released = run('COCO 10 %, supervised as released: 12 epochs at one size')
    resize = released.train_dataloader.dataset.labeled.pipeline[2]
    assert (resize.scale, resize.ratio_range) == ((1333, 800), (1.0, 1.0))
    assert schedule_of(released) == ([5914, 8132], 8872)
    for data in ('Cityscapes 30 %', 'BDD100K'):
        baseline = run(f'{data}, baseline: matched thresholds alone').train_dataloader.dataset
        assert not is_strong(baseline.labeled) and not is_strong(baseline.pseudo)


def test_scores_become_weights_in_a_row(tmp_path: Path) -> None:
    cfg = run("COCO 10 %, PAIS's weights (Eq. 5) on the pseudo labels")
    cv2.imwrite(str(tmp_path / '0.png'), np.full((60, 80, 3), 90, np.uint8))
    square = [[8, 8, 40, 8, 40, 40, 8, 40]]
    instance = dict(bbox=[8, 8, 40, 40], bbox_label=0, ignore_flag=0, mask=square)
    sample = dict(img_id=0, img_path=str(tmp_path / '0.png'), height=60, width=80, instances=[
        dict(instance, score=0.5, mask_score=1.0), dict(instance, score=1.0, mask_score=0.5)])
    packed = Compose(cfg.train_dataloader.dataset.pseudo.pipeline)(sample)
    instances = packed['data_samples'].gt_instances
    assert instances.cls_weights.tolist() == [0.0625, 1.0]
    assert instances.mask_weights.tolist() == [1.0, 0.0625]
