"""Every shipped config: documented, consistent, and buildable without network or data."""

import re
from pathlib import Path
from typing import List, Tuple

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import DATA_SAMPLERS, DATASETS, HOOKS, LOOPS, METRICS, MODELS, TRANSFORMS
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose
from shipped import (BOXES, COCO_CLASSES, CONFIGS, OFFLINE, SHIPPED, accepts, distinct, docstring,
                     found, loaded, name_of)

import mmssis
from mmssis.datasets.checks import check_filtered
from mmssis.datasets.pipeline_geometry import check_branch_fields, check_pipeline_geometry
from mmssis.utils import load_config

# Plain mmdet runs over epochs, for K-Net's own numbers.
PLAIN = [CONFIGS / f'supervised/{name}.py'
         for name in ('knet_r50_coco', 'knet_r50_coco_3x', 'condinst_r50_coco')]
EVERY = [path for path in SHIPPED if path not in (*PLAIN, *OFFLINE, *BOXES)]
# Effective LR step, burn-in and length of the released runs (docs/methods/pldc.md).
SCHEDULES = {
    'pldc/mask2former_r50_coco1pct.py': (213875, 20000, 368750),
    'pldc/mask2former_r50_coco2pct.py': (340386, 20000, 368750),
    'pldc/mask2former_r50_coco5pct.py': (340386, 20000, 368750),
    'pldc/mask2former_r50_coco10pct.py': (340386, 20000, 368750),
    'pldc/mask2former_r50_coco100pct.py': (340386, 60000, 368750),
    'pldc/mask2former_r50_cityscapes5pct.py': (166154, 20000, 180000),
    'pldc/mask2former_r50_cityscapes30pct.py': (166154, 20000, 180000),
    'supervised/mask2former_r50_coco1pct.py': (68077, 73750, 73750),
    'supervised/mask2former_r50_cityscapes30pct.py': (166154, 180000, 180000),
    'pais/mask-rcnn_r50_cityscapes30pct.py': (23850, 0, 27000),
    'pldc/ablations/mask2former_r50_coco1pct_full.py': (68077, 10000, 73750),
}
# Mask AP of the paper's tables 1 to 4.
PUBLISHED = {
    'pldc/mask2former_r50_coco1pct.py': 25.1,
    'pldc/mask2former_r50_coco2pct.py': 29.2,
    'pldc/mask2former_r50_coco5pct.py': 33.0,
    'pldc/mask2former_r50_coco10pct.py': 36.5,
    'pldc/mask2former_r50_coco100pct.py': 48.8,
    'pldc/mask2former_r50_cityscapes5pct.py': 27.6,
    'pldc/mask2former_r50_cityscapes10pct.py': 33.1,
    'pldc/mask2former_r50_cityscapes20pct.py': 35.8,
    'pldc/mask2former_r50_cityscapes30pct.py': 37.6,
    'supervised/mask2former_r50_coco1pct.py': 13.5,
    'supervised/mask2former_r50_cityscapes20pct.py': 27.4,
    'pldc/mask2former_r50_coco1pct_released.py': 25.2,
    'pldc/ablations/mask2former_r50_coco1pct_full.py': 21.6,
    'pldc/ablations/mask2former_r50_coco1pct_no-ddtf.py': 21.1,
    'pldc/ablations/mask2former_r50_coco1pct_no-dicc.py': 20.8,
    'pldc/ablations/mask2former_r50_coco1pct_no-pmua.py': 20.4,
    'pldc/ablations/mask2former_r50_coco1pct_none.py': 20.7,
    'pldc/ablations/mask2former_r50_coco1pct_lambda8.py': 6.6,
    'guided_distillation/mask2former_r50_coco1pct.py': 21.5,
    'guided_distillation/mask2former_r50_coco10pct.py': 35.0,
    'guided_distillation/mask2former_r50_cityscapes5pct.py': 23.0,
    # PAIS, tables 2 to 9.
    'pais/knet_r50_coco1pct.py': 19.8,
    'pais/knet_r50_coco5pct.py': 27.5,
    'pais/knet_r50_coco10pct.py': 31.0,
    'pais/knet_r50_coco100pct.py': 40.8,
    'pais/mask-rcnn_r50_coco1pct.py': 21.1,
    'pais/mask-rcnn_r50_coco5pct.py': 29.3,
    'pais/mask-rcnn_r50_coco10pct.py': 31.0,
    'pais/mask-rcnn_r50_coco100pct.py': 39.5,
    'pais/mask-rcnn_r50_cityscapes5pct.py': 18.0,
    'pais/mask-rcnn_r50_cityscapes30pct.py': 32.8,
    'pais/ablations/knet_r50_coco10pct_no-daloss.py': 29.3,
    'pais/ablations/knet_r50_coco10pct_alpha1.py': 29.9,
    'pais/ablations/knet_r50_coco10pct_class-thr0p65.py': 29.9,
    'pais/ablations/knet_r50_coco10pct_iou-thr0p7.py': 30.6,
    'pais/ablations/knet_r50_coco10pct_ratio1-2.py': 30.1,
    'pais/ablations/mask-rcnn_r50_coco10pct_no-daloss.py': 29.8,
    'supervised/knet_r50_coco1pct.py': 11.6,
    'supervised/mask-rcnn_r50_coco10pct.py': 27.1,
    'supervised/knet_r50_coco.py': 34.0,
    'supervised/knet_r50_coco_3x.py': 37.8,
    'pais/mixed/mask2former_r50_coco1pct_mask-iou.py': 21.7,
    'pais/mixed/mask-rcnn_r50_coco1pct_dicc.py': 24.1,
}
# Steps of PAIS on COCO (docs/methods/pais.md).
PAIS_STEPS = {
    'pais/knet_r50_coco1pct.py': ([160000, 200000], 220000),
    'pais/mask-rcnn_r50_coco1pct.py': ([120000, 160000], 180000),
}


every_config = pytest.mark.parametrize('path', EVERY, ids=name_of)


def train_sets(cfg: Config) -> Tuple[ConfigDict, ConfigDict]:
    return tuple(cfg.train_dataloader.dataset.datasets)


@pytest.mark.parametrize('path', SHIPPED, ids=name_of)
def test_docstring_says_what_it_is_and_how_to_run_it(path: Path) -> None:
    text = docstring(path)
    assert re.search(rf'(tools/\S+ )?configs/{re.escape(name_of(path))}', text)
    assert re.search(r'\d\d?\.\d mask AP|[Nn]o (published )?AP', text)
    assert re.search(r'[Rr]un by us', text)


@pytest.mark.parametrize('name, mask_ap', PUBLISHED.items())
def test_docstring_names_the_published_ap(name: str, mask_ap: float) -> None:
    assert f'Published: {mask_ap} mask AP' in docstring(CONFIGS / name)


@pytest.mark.parametrize('name, expected', SCHEDULES.items())
def test_schedule_is_that_of_the_released_run(name: str, expected: Tuple[int, int, int]) -> None:
    cfg = loaded(CONFIGS / name)
    scheduler = cfg.param_scheduler[0]
    assert (scheduler.milestones, cfg.model.burn_in, cfg.train_cfg.max_iters) == (
        [expected[0]], *expected[1:])
    assert scheduler.end == cfg.train_cfg.max_iters


@pytest.mark.parametrize('name, expected', PAIS_STEPS.items())
def test_pais_takes_two_steps_and_no_burn_in(name: str, expected: Tuple[List[int], int]) -> None:
    cfg = loaded(CONFIGS / name)
    assert (cfg.param_scheduler[0].milestones, cfg.train_cfg.max_iters) == expected
    assert cfg.model.burn_in == cfg.train_dataloader.batch_sampler.burn_in == 0
    assert cfg.train_dataloader.batch_size == 4
    assert cfg.train_dataloader.batch_sampler.source_ratio == [1, 3]


@pytest.mark.parametrize('name, per_gpu', [
    ('pldc/mask2former_r50_coco1pct.py', 4),
    ('pldc/mask2former_r50_cityscapes5pct.py', 2),
    ('pldc/ablations/mask2former_r50_coco1pct_full.py', 2),
])
def test_batch_is_the_papers_on_four_gpus(name: str, per_gpu: int) -> None:
    cfg = loaded(CONFIGS / name)
    assert cfg.train_dataloader.batch_size == per_gpu
    assert cfg.train_dataloader.batch_sampler.source_ratio == [1, 1]
    assert cfg.auto_scale_lr.base_batch_size == 4 * per_gpu


@every_config
def test_gap_2_35_number_of_classes_is_consistent(path: Path) -> None:
    cfg = loaded(path)
    metainfo = train_sets(cfg)[0].get('metainfo', {})
    num_classes = len(metainfo.get('classes', range(COCO_CLASSES)))
    detector = cfg.model.detector
    counts = [*found(detector, 'num_things_classes'), *found(detector, 'num_classes')]
    assert set(counts) == {num_classes}
    assert set(found(detector, 'num_stuff_classes')) <= {0}
    assert {len(weight) for weight in found(detector, 'class_weight')} <= {num_classes + 1}
    assert set(found(cfg.model.pseudo_label_hooks, 'num_classes')) <= {num_classes}


@every_config
def test_fractions_pair_a_labeled_file_with_its_complement(path: Path) -> None:
    labeled, unlabeled = (dataset.get('ann_file') for dataset in train_sets(loaded(path)))
    percent = re.search(r'(\d+)pct', path.name)
    if labeled is not None and 'semi_anns' in labeled:
        assert unlabeled is None or unlabeled == labeled.replace('.json', '-unlabeled.json')
        assert percent is None or labeled.endswith(f'@{percent.group(1)}.json')
    else:
        assert percent is None or percent.group(1) == '100'


@every_config
def test_best_checkpoint_is_chosen_by_a_metric_that_exists(path: Path) -> None:
    cfg = loaded(path)
    save_best = cfg.default_hooks.checkpoint.save_best
    evaluated = cfg.val_cfg.get('predict_on', ['teacher', 'student'])
    if save_best is not None:
        assert save_best.split('/')[0] in evaluated
        assert save_best.split('/')[1:] == ['coco', 'segm_mAP']
    supervised = cfg.model.burn_in == cfg.train_cfg.max_iters
    assert cfg.model.get('predict_on', 'teacher') == ('student' if supervised else 'teacher')


@every_config
def test_clip_is_freed_by_the_threshold_of_the_filter_before_it(path: Path) -> None:
    hooks = {hook.type: hook for hook in loaded(path).model.pseudo_label_hooks}
    class_thr = hooks.get('ClipCategoryCorrection', {}).get('class_thr')
    if class_thr is not None:
        first = loaded(path).model.pseudo_label_hooks[0]
        assert class_thr == first.get('class_thr', first.get('score_thr'))


def all_pipelines() -> List[List[dict]]:
    return distinct(
        dataset.pipeline for path in EVERY
        for dataset in (*train_sets(loaded(path)), loaded(path).val_dataloader.dataset,
                        loaded(path).test_dataloader.dataset))


def test_all_pipelines_build() -> None:
    for pipeline in all_pipelines():
        assert len(Compose(pipeline).transforms) == len(pipeline)


def test_all_training_pipelines_keep_pseudo_labels_in_place() -> None:
    for labeled, unlabeled, same in distinct(
            [*(dataset.pipeline for dataset in train_sets(loaded(path))),
             loaded(path).train_dataloader.dataset.get('same_geometry', True)]
            for path in EVERY):
        check_pipeline_geometry(labeled, same_geometry=same)
        check_pipeline_geometry(unlabeled, unlabeled=True, same_geometry=same)
        check_branch_fields(labeled, unlabeled)
        meta_keys = list(found([labeled, unlabeled], 'meta_keys'))
        # GuidedDistillation and views of other geometry have one view of a labeled image.
        assert len(meta_keys) in ((3, 4) if same else (3, ))
        assert all('homography_matrix' in keys for keys in meta_keys)


@every_config
def test_views_of_different_geometry_are_for_pais_alone(path: Path) -> None:
    cfg = loaded(path)
    same = cfg.train_dataloader.dataset.get('same_geometry', True)
    assert same == (cfg.model.type != 'PAIS')


@pytest.mark.parametrize('name, size, largest', [
    ('pldc/mask2former_r50_coco10pct.py', (120, 200), (1024, 1024)),
    ('pldc/mask2former_r50_cityscapes5pct.py', (1024, 2048), (512, 1024)),
])
@pytest.mark.parametrize('source', [0, 1], ids=['labeled', 'unlabeled'])
def test_views_share_geometry_and_fit_the_crop(name: str, size: Tuple[int, int],
                                               largest: Tuple[int, int], source: int,
                                               tmp_path: Path) -> None:
    height, width = size
    cv2.imwrite(str(tmp_path / '0.png'), np.full((*size, 3), 90, np.uint8))
    polygon = [[0, 0, width, 0, width, height, 0, height]]
    instance = dict(bbox=[0, 0, width, height], bbox_label=0, ignore_flag=0, mask=polygon)
    sample = dict(img_id=0, img_path=str(tmp_path / '0.png'), height=height, width=width,
                  instances=[instance] if source == 0 else [])
    packed = Compose(train_sets(loaded(CONFIGS / name))[source].pipeline)(sample)
    branches = ['unsup_teacher', 'unsup_student'] if source else ['sup', 'sup_strong']
    assert [name for name, image in packed['inputs'].items() if image is not None] == branches
    weak, strong = (packed['data_samples'][branch] for branch in branches)
    assert weak.img_shape == strong.img_shape
    assert np.array_equal(weak.homography_matrix, strong.homography_matrix)
    assert all(side <= limit for side, limit in zip(weak.img_shape, largest))
    if 'cityscapes' in name:
        assert weak.img_shape == largest


@every_config
def test_all_types_are_registered_and_take_their_settings(path: Path) -> None:
    cfg = loaded(path)
    loader = cfg.train_dataloader
    evaluators = cfg.val_evaluator if isinstance(cfg.val_evaluator, list) else [cfg.val_evaluator]
    for registry, part in [
        (LOOPS, cfg.train_cfg), (LOOPS, cfg.val_cfg), (LOOPS, cfg.test_cfg),
        (DATA_SAMPLERS, loader.sampler), (DATA_SAMPLERS, loader.batch_sampler),
        (DATASETS, loader.dataset),
        *[(DATASETS, dataset) for dataset in train_sets(cfg)],
        *[(METRICS, evaluator) for evaluator in evaluators],
        *[(HOOKS, hook) for hook in cfg.default_hooks.values() if hook is not None],
    ]:
        assert accepts(registry, part), part


def test_all_custom_hooks_build() -> None:
    for hook in distinct(hook for path in EVERY for hook in loaded(path).custom_hooks):
        assert HOOKS.build(hook) is not None


def test_all_pseudo_label_hooks_build_without_weights() -> None:
    hooks = distinct(hook for path in EVERY for hook in loaded(path).model.pseudo_label_hooks)
    for hook in hooks:
        assert MODELS.build(hook).name == hook.type


def test_no_config_trains_on_pseudo_labels_that_nothing_filters() -> None:
    """What PreflightHook asks before the first iteration; AssignToBoxes keeps one per box."""
    for path in (*EVERY, *BOXES):
        cfg = loaded(path)
        if 'pseudo_label_hooks' in cfg.model:
            hooks = [MODELS.build(hook) for hook in cfg.model.pseudo_label_hooks]
            filters = sum(hook.filters or hook.name == 'AssignToBoxes' for hook in hooks)
            assert not check_filtered(filters, cfg.model.burn_in, cfg.train_cfg.max_iters), path


def test_all_models_build_without_weights() -> None:
    """On the meta device: the structure, without filling parameters with numbers."""
    for detector in distinct(loaded(path).model.detector for path in EVERY):
        # mmpretrain reads numbers of tensors while it builds, which the meta device has not.
        device = 'cpu' if detector.backbone.type.startswith('mmpretrain.') else 'meta'
        with torch.device(device):
            model = MODELS.build(detector).eval()
            features = model.backbone(torch.empty(1, 3, 64, 64))
        reader = detector.panoptic_head if 'panoptic_head' in detector else detector.neck
        assert [feature.shape[1] for feature in features] == list(reader.in_channels)
        if 'panoptic_head' in detector:
            head = detector.panoptic_head
            assert model.panoptic_head.cls_embed.out_features == head.num_things_classes + 1


def test_all_semi_supervised_models_take_their_settings() -> None:
    for model in distinct(loaded(path).model for path in EVERY):
        assert accepts(MODELS, model), model


def test_the_flagship_model_builds_as_a_whole() -> None:
    cfg = loaded(CONFIGS / 'pldc/mask2former_r50_coco1pct.py').model
    with torch.device('meta'):
        model = MODELS.build(cfg)
    assert [hook.name for hook in model.pseudo_label_hooks] == [
        'DualThresholdFilter', 'ClipCategoryCorrection', 'MaskUncertainty']
    trainable = [name for name, value in model.named_parameters() if value.requires_grad]
    assert all(name.startswith('student.') for name in trainable)
    assert not any(name.startswith('student.backbone.') for name in trainable)


def test_configs_resolve_as_mmssis_package(tmp_path: Path) -> None:
    if not (Path(mmssis.__file__).parent / '.mim/configs').exists():
        pytest.skip('mmssis is not installed: run `pip install --no-deps -e .`')
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = 'mmssis::pldc/mask2former_r50_coco1pct.py'\n")
    cfg = load_config(path)
    assert cfg.model == loaded(CONFIGS / 'pldc/mask2former_r50_coco1pct.py').model
    assert 'mmssis' not in set(found(cfg._cfg_dict.to_dict(), '_scope_'))
    assert TRANSFORMS.get('StrongPhotometric') is not None
