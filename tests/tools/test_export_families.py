"""Export of Mask R-CNN and K-Net: plain mmdet where mmdet has the architecture."""

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
from toy_pais import build_pais, sample_with_boxes, toy_pais

from mmssis.export import own_types, plain_config, weights_of
from mmssis.utils import load_config

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / 'configs/noisy_boundaries'
STUDENT = CONFIGS / 'mask-rcnn_lite0_animals2pct.py'
TOOL = 'model_converters/export_teacher.py'
FIELDS = ('scores', 'labels', 'masks', 'bboxes')


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory) -> dict:
    """Random weights of the shipped student and of its teacher; they predict some objects."""
    folder, paths = tmp_path_factory.mktemp('weights'), {}
    for name in ('teacher', 'student'):
        torch.manual_seed(0)
        cfg = load_config(STUDENT, check_data=False, supervised=name == 'teacher')
        cfg.model.backbone.init_cfg = None
        model = MODELS.build(cfg.model)
        for layer in ('fc_cls', 'fc_reg'):
            nn.init.normal_(getattr(model.roi_head.bbox_head, layer).weight, std=0.3)
        meta = dict(dataset_meta=dict(classes=cfg.val_dataloader.dataset.metainfo.classes))
        paths[name] = folder / f'{name}.pth'
        torch.save(dict(state_dict=model.state_dict(), meta=meta), paths[name])
    return paths


def assert_same_predictions(exported: nn.Module, cfg: Config, checkpoint: Path) -> None:
    """The exported detector finds what the model of the config does."""
    ours = init_detector(cfg, str(checkpoint), device='cpu')
    image = np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    found, expected = (inference_detector(model, image).pred_instances
                       for model in (exported, ours))
    assert len(found) > 0
    for field in FIELDS:
        assert torch.equal(found[field], expected[field]), field


@pytest.mark.slow
def test_a_teacher_becomes_a_plain_mask_rcnn_with_the_same_predictions(
        checkpoints: dict, tmp_path: Path) -> None:
    """In a process of its own, where no run before it has set a default scope."""
    out = tmp_path / 'plain.pth'
    done = subprocess.run(
        [sys.executable, f'tools/{TOOL}', str(STUDENT), str(checkpoints['teacher']), str(out),
         '--supervised'], cwd=ROOT, text=True, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert 'need mmdet alone' in done.stdout
    assert 'mmssis' not in out.with_suffix('.py').read_text()
    plain = init_detector(str(out.with_suffix('.py')), str(out), device='cpu')
    modules = (plain, plain.roi_head, plain.roi_head.mask_head, plain.backbone)
    assert [type(module).__name__ for module in modules] == [
        'MaskRCNN', 'StandardRoIHead', 'FCNMaskHead', 'TIMMBackbone']
    assert_same_predictions(plain, load_config(STUDENT, check_data=False, supervised=True),
                            checkpoints['teacher'])


def test_the_noise_tolerant_head_is_exported_with_mmssis(
        checkpoints: dict, tmp_path: Path, run_tool: Callable, capsys) -> None:
    out = tmp_path / 'alone.pth'
    run_tool(TOOL, STUDENT, checkpoints['student'], out)
    assert 'need mmssis, for' in capsys.readouterr().out
    alone = init_detector(str(out.with_suffix('.py')), str(out), device='cpu')
    assert type(alone.roi_head.mask_head).__name__ == 'NoiseTolerantMaskHead'
    assert_same_predictions(alone, load_config(STUDENT, check_data=False), checkpoints['student'])
    with pytest.raises(SystemExit, match='--branch student: model.type = WeightedMaskRCNN has no'):
        run_tool(TOOL, STUDENT, checkpoints['student'], out, '--branch', 'student')


def test_models_with_a_plain_mask_head_become_plain_with_their_test() -> None:
    cfg = load_config(CONFIGS / 'mask-rcnn_r50_cityscapes30pct.py', {
        'model.roi_head.mask_head.type': 'FCNMaskHead',
        'model.roi_head.bbox_head.loss_cls': dict(
            _delete_=True, type='SoftmaxFocalLoss', gamma=1.5, loss_weight=1.0)}, check_data=False)
    plain = plain_config(cfg)
    assert own_types(plain.to_dict()) == []
    assert plain.test_dataloader.dataset.pipeline[0].type == 'LoadImageFromFile'
    assert dict(plain.test_evaluator) == dict(
        type='CocoMetric', ann_file=cfg.test_evaluator.ann_file, metric='segm')
    # The focal loss has the outputs of the cross entropy.
    loss = plain.model.roi_head.bbox_head.loss_cls
    assert (loss.type, loss.use_sigmoid) == ('CrossEntropyLoss', False) and 'gamma' not in loss
    with torch.device('meta'):
        ours, theirs = (MODELS.build(each.model).state_dict() for each in (cfg, plain))
    assert {name: value.shape for name, value in ours.items()} == {
        name: value.shape for name, value in theirs.items()}


@pytest.mark.parametrize('kind, expected', [
    ('mask-rcnn', 'MaskRCNN'), ('mask2former', 'Mask2Former'), ('knet', 'KNet')])
def test_a_teacher_of_pais_predicts_the_same(kind: str, expected: str) -> None:
    """Without its mask-IoU branch where it becomes plain; K-Net stays and brings mmssis along."""
    model = build_pais(kind).eval()
    cfg = plain_config(Config(dict(model=toy_pais(kind))))
    is_plain = kind != 'knet'
    assert cfg.model.type == expected and (own_types(cfg.model) == []) == is_plain
    assert ('custom_imports' in cfg) == (not is_plain)
    exported = MODELS.build(cfg.model).eval()
    exported.load_state_dict(weights_of('teacher', model.state_dict(), is_plain))
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        ours, theirs = (each.predict(image, [sample_with_boxes(64, ())])[0].pred_instances
                        for each in (model, exported))
    assert len(ours) == len(theirs) > 0
    assert torch.equal(ours.scores, theirs.scores) and torch.equal(ours.masks, theirs.masks)
