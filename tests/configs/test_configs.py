"""Every shipped config: documented, consistent, and with views that fit together."""

import re
from pathlib import Path
from typing import Tuple

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.dataset import Compose
from shipped import CONFIGS, SHIPPED, distinct, docstring, every_run, found, loaded, name_of

import mmssis
from mmssis.datasets.checks.pipeline_geometry import check_branch_fields, check_pipeline_geometry
from mmssis.utils import load_config

M2F = 'pldc/mask2former_r50_'
GUIDED = 'guided_distillation/mask2former_r50_'
# Effective LR steps, burn-in, length; images of a GPU and of all GPUs (docs/methods).
RELEASED = [
    (M2F + 'coco1pct', False, [213875], 20000, 368750, [2, 2], 16),
    (M2F + 'coco10pct', False, [340386], 20000, 368750, [2, 2], 16),
    (M2F + 'coco100pct', False, [340386], 60000, 368750, [2, 2], 16),
    (M2F + 'coco1pct_short', False, [68077], 10000, 73750, [1, 1], 8),
    (M2F + 'cityscapes30pct', False, [166154], 20000, 180000, [1, 1], 8),
    (M2F + 'coco1pct', True, [68077], 73750, 73750, [2], 8),
    (M2F + 'coco100pct', True, [68077], 73750, 73750, [2], 8),
    (M2F + 'cityscapes30pct', True, [166154], 180000, 180000, [1], 4),
    ('pais/mask-rcnn_r50_cityscapes30pct', False, [23850], 0, 27000, [1, 3], 16),
    ('pais/knet_r50_coco1pct', False, [160000, 200000], 0, 220000, [1, 3], 16),
    ('pais/mask-rcnn_r50_coco1pct', False, [120000, 160000], 0, 180000, [1, 3], 16),
    (GUIDED + 'coco1pct', False, [327778, 355092], 0, 368750, [4, 4], 32),
]


def test_docstring_says_what_it_is_and_how_to_run_it() -> None:
    for path in SHIPPED:
        text = docstring(path)
        assert f'configs/{name_of(path)}' in text, path
        assert re.search(r'\d\d?\.\d mask AP|[Nn]o (published )?AP', text), path
        assert re.search(r'[Rr]un by us', text), path


def test_no_config_lists_hooks_or_data_sets() -> None:
    listed = re.compile(r'pseudo_label_hooks ?= ?\[|datasets ?= ?\[|custom_hooks|run_hooks')
    assert not [path for path in CONFIGS.rglob('*.py') if listed.search(path.read_text())]


def test_schedules_and_batches_are_those_of_the_released_runs() -> None:
    for name, supervised, *expected in RELEASED:
        cfg = loaded(CONFIGS / f'{name}.py', supervised=supervised)
        scheduler, loader = cfg.param_scheduler[0], cfg.train_dataloader
        counts = [loader.batch_sampler[name] for name in ('labeled', 'unlabeled')
                  if name in loader.batch_sampler]
        assert [scheduler.milestones, cfg.model.burn_in, cfg.train_cfg.max_iters, counts,
                cfg.auto_scale_lr.base_batch_size] == expected, name
        assert scheduler.end == cfg.train_cfg.max_iters, name
        assert loader.batch_size == sum(counts), name


def test_fractions_pair_a_labeled_file_with_its_complement() -> None:
    for path in SHIPPED:
        percent = re.search(r'(\d+)pct', path.name)
        if percent and percent.group(1) != '100':
            dataset = loaded(path).train_dataloader.dataset
            labeled = dataset.labeled.ann_file
            assert labeled.endswith(f'1@{percent.group(1)}.json'), path
            if 'unlabeled' in dataset:
                assert dataset.unlabeled.ann_file == labeled.replace('.json', '-unlabeled.json')


def test_best_checkpoint_is_chosen_by_a_metric_that_exists() -> None:
    runs = [loaded(path, supervised=supervised) for path in SHIPPED for supervised in (False, True)]
    for cfg in [run for run in runs if 'detector' in run.model]:
        save_best = cfg.default_hooks.checkpoint.save_best
        supervised = cfg.model.burn_in == cfg.train_cfg.max_iters
        assert cfg.model.get('predict_on', 'teacher') == ('student' if supervised else 'teacher')
        evaluated = cfg.val_cfg.get('predict_on', ['teacher', 'student'])
        assert save_best is None or save_best.replace('/coco/segm_mAP', '') in evaluated


def test_pipelines_build_and_keep_pseudo_labels_in_place() -> None:
    """Views of other geometry are for PAIS alone, and record how they differ."""
    pairs = []
    for name, cfg in every_run().items():
        dataset = cfg.train_dataloader.dataset
        pairs += [[loader.dataset.pipeline] for loader in (cfg.val_dataloader, cfg.test_dataloader)]
        if dataset.get('labeled') and dataset.get('unlabeled') and not dataset.get('boxes'):
            same = dataset.get('same_geometry', True)
            assert same == (cfg.model.type != 'PAIS'), name
            pairs.append([dataset.labeled.pipeline, dataset.unlabeled.pipeline, same])
    for labeled, *others in distinct(pairs):
        assert len(Compose(labeled).transforms) == len(labeled)
        if others:
            unlabeled, same = others
            check_pipeline_geometry(labeled, same_geometry=same)
            check_pipeline_geometry(unlabeled, unlabeled=True, same_geometry=same)
            check_branch_fields(labeled, unlabeled)
            assert all('homography_matrix' in keys
                       for keys in found([labeled, unlabeled], 'meta_keys'))


@pytest.mark.parametrize('name, size, largest', [
    (M2F + 'coco10pct.py', (120, 200), (1024, 1024)),
    (M2F + 'cityscapes5pct.py', (1024, 2048), (512, 1024)),
])
def test_views_share_geometry_and_fit_the_crop(name: str, size: Tuple[int, int],
                                               largest: Tuple[int, int], tmp_path: Path) -> None:
    height, width = size
    cv2.imwrite(str(tmp_path / '0.png'), np.full((*size, 3), 90, np.uint8))
    instance = dict(bbox=[0, 0, width, height], bbox_label=0, ignore_flag=0,
                    mask=[[0, 0, width, 0, width, height, 0, height]])
    for source, branches in [('labeled', ['sup', 'sup_strong']),
                             ('unlabeled', ['unsup_teacher', 'unsup_student'])]:
        sample = dict(img_id=0, img_path=str(tmp_path / '0.png'), height=height, width=width,
                      instances=[instance] if source == 'labeled' else [])
        dataset = loaded(CONFIGS / name).train_dataloader.dataset[source]
        packed = Compose(dataset.pipeline)(sample)
        assert [view for view, image in packed['inputs'].items() if image is not None] == branches
        weak, strong = (packed['data_samples'][view] for view in branches)
        assert weak.img_shape == strong.img_shape
        assert np.array_equal(weak.homography_matrix, strong.homography_matrix)
        assert all(side <= limit for side, limit in zip(weak.img_shape, largest))
        assert 'cityscapes' not in name or weak.img_shape == largest


def test_the_flagship_trains_its_student_without_the_backbone() -> None:
    with torch.device('meta'):
        model = MODELS.build(loaded(CONFIGS / f'{M2F}coco1pct.py').model)
    assert [*model.pseudo_label_hooks] == ['ddtf', 'dicc', 'pmua']
    trainable = [name for name, value in model.named_parameters() if value.requires_grad]
    assert all(re.match(r'student\.(?!backbone\.)', name) for name in trainable)


def test_configs_resolve_as_mmssis_package(tmp_path: Path) -> None:
    if not (Path(mmssis.__file__).parent / '.mim/configs').exists():
        pytest.skip('mmssis is not installed: run `pip install --no-deps -e .`')
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = 'mmssis::pldc/mask2former_r50_coco1pct.py'\n")
    cfg = load_config(path, check_data=False)
    assert cfg.model == loaded(CONFIGS / f'{M2F}coco1pct.py').model
    assert 'mmssis' not in set(found(cfg._cfg_dict.to_dict(), '_scope_'))
