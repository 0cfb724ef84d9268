"""Export of models that learn from labels on disk and have no teacher in them."""

import subprocess
import sys
from pathlib import Path
from typing import Callable

import numpy as np
import pytest
import torch
from mmdet.apis import inference_detector, init_detector
from mmdet.registry import MODELS
from mmengine.config import Config
from torch import nn

from mmssis.utils import load_config

CONFIGS = Path(__file__).parents[2] / 'configs/noisy_boundaries'
TEACHER = CONFIGS / 'teachers/mask-rcnn_lite0_animals2pct_teacher.py'
TOOL = 'model_converters/export_teacher.py'


@pytest.fixture
def export(monkeypatch):
    """The exporter, imported as its script is."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / 'tools/model_converters'))
    import export_teacher
    return export_teacher


def save_random_weights(config: Path, path: Path) -> None:
    """A checkpoint of a config, with weights that predict more than background."""
    torch.manual_seed(0)
    cfg = load_config(config)
    cfg.model.backbone.init_cfg = None
    model = MODELS.build(cfg.model)
    for name in ('fc_cls', 'fc_reg'):
        nn.init.normal_(getattr(model.roi_head.bbox_head, name).weight, std=0.3)
    classes = cfg.val_dataloader.dataset.metainfo.classes
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=classes))),
               path)


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory) -> Path:
    """Random weights of the shipped teacher."""
    path = tmp_path_factory.mktemp('teacher') / 'iter_600.pth'
    save_random_weights(TEACHER, path)
    return path


def test_a_teacher_becomes_a_plain_mask_rcnn_with_the_same_predictions(
        checkpoint: Path, tmp_path: Path, run_tool: Callable) -> None:
    out = tmp_path / 'plain.pth'
    run_tool(TOOL, TEACHER, checkpoint, out)
    assert 'mmssis' not in out.with_suffix('.py').read_text()
    plain = init_detector(str(out.with_suffix('.py')), str(out), device='cpu')
    modules = (plain, plain.roi_head, plain.roi_head.mask_head, plain.backbone)
    assert [type(module).__name__ for module in modules] == [
        'MaskRCNN', 'StandardRoIHead', 'FCNMaskHead', 'TIMMBackbone']
    ours = init_detector(load_config(TEACHER), str(checkpoint), device='cpu')
    assert type(ours).__name__ == 'WeightedMaskRCNN'
    image = np.random.default_rng(0).integers(0, 255, (192, 192, 3), dtype=np.uint8)
    found, expected = (inference_detector(model, image).pred_instances for model in (plain, ours))
    assert len(found) > 0
    for field in ('scores', 'labels', 'masks', 'bboxes'):
        assert torch.equal(found[field], expected[field]), field


def test_the_command_works_in_a_process_of_its_own(checkpoint: Path, tmp_path: Path) -> None:
    """Where no run before it has set a default scope: data preprocessors were not found there."""
    tool = Path(__file__).parents[2] / 'tools' / TOOL
    done = subprocess.run(
        [sys.executable, str(tool), str(TEACHER), str(checkpoint), str(tmp_path / 'plain.pth')],
        cwd=tool.parents[2], text=True, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert 'need mmdet alone' in done.stdout and (tmp_path / 'plain.py').exists()


@pytest.mark.parametrize('name', ['teachers/mask-rcnn_r50_cityscapes20pct_teacher.py',
                                  'ablations/mask-rcnn_r50_cityscapes30pct_bpm.py'])
def test_models_with_a_plain_mask_head_become_plain_with_their_test(name: str, export) -> None:
    cfg = load_config(CONFIGS / name)
    plain = export.plain_config(cfg)
    assert export.own_types(plain.to_dict()) == []
    assert plain.test_dataloader.dataset.pipeline[0].type == 'LoadImageFromFile'
    assert dict(plain.test_evaluator) == dict(
        type='CocoMetric', ann_file=cfg.test_evaluator.ann_file, metric='segm')
    with torch.device('meta'):
        ours, theirs = (MODELS.build(each.model).state_dict() for each in (cfg, plain))
    assert {name: value.shape for name, value in ours.items()} == {
        name: value.shape for name, value in theirs.items()}


def test_the_focal_loss_has_the_outputs_of_the_cross_entropy(export) -> None:
    model = load_config(CONFIGS / 'ablations/mask-rcnn_r50_cityscapes30pct_focal.py').model
    model.roi_head.mask_head.type = 'FCNMaskHead'
    loss = export.plain_detector(model).roi_head.bbox_head.loss_cls
    assert (loss.type, loss.use_sigmoid) == ('CrossEntropyLoss', False) and 'gamma' not in loss


def test_the_noise_tolerant_head_is_exported_with_mmssis(
        tmp_path: Path, run_tool: Callable, capsys) -> None:
    config, path = CONFIGS / 'mask-rcnn_lite0_animals2pct.py', tmp_path / 'iter_600.pth'
    out = tmp_path / 'alone.pth'
    save_random_weights(config, path)
    run_tool(TOOL, config, path, out)
    assert 'need mmssis, for' in capsys.readouterr().out
    alone = init_detector(str(out.with_suffix('.py')), str(out), device='cpu')
    assert type(alone.roi_head.mask_head).__name__ == 'NoiseTolerantMaskHead'
    ours = init_detector(load_config(config), str(path), device='cpu')
    image = np.random.default_rng(0).integers(0, 255, (192, 192, 3), dtype=np.uint8)
    found, expected = (inference_detector(model, image).pred_instances for model in (alone, ours))
    assert len(found) > 0
    for field in ('scores', 'labels', 'masks', 'bboxes'):
        assert torch.equal(found[field], expected[field]), field


def test_no_branch_of_a_model_without_branches(checkpoint: Path, tmp_path: Path,
                                               run_tool: Callable) -> None:
    with pytest.raises(ValueError, match='--branch student: model.type = WeightedMaskRCNN has no'):
        run_tool(TOOL, TEACHER, checkpoint, tmp_path / 'o.pth', '--branch', 'student')


def test_what_is_plain_already_is_not_exported(tmp_path: Path, export) -> None:
    with pytest.raises(ValueError, match='no class of mmssis to replace'):
        export.plain_config(Config(dict(model=dict(type='MaskRCNN'))))
