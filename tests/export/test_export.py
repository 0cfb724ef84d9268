"""mmssis.api.export: what it writes, what it refuses."""

import json
from pathlib import Path

import cv2
import pytest
import torch
from mmdet.apis import DetInferencer, inference_detector, init_detector
from mmdet.registry import VISUALIZERS
from mmengine.config import Config, ConfigDict
from safetensors import safe_open
from toy import CLASSES, toy_model
from toy_condinst import toy_condinst
from toy_export import (PALETTE, PIPELINE, photo, plain_mask2former, plain_rcnn, write_config,
                        write_run)
from toy_knet import knet_config

from mmssis.api import export
from mmssis.engine.trained_model import load_trained_model
from mmssis.export import onnx_support
from mmssis.utils.config import load_config

FIELDS = ('scores', 'labels', 'bboxes', 'masks')


def config_of(checkpoint: Path) -> dict:
    return Config.fromfile(checkpoint.with_suffix('.py')).to_dict()


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory) -> Path:
    """Checkpoint of a semi-supervised run, its config beside it."""
    return write_run(tmp_path_factory.mktemp('run'), toy_model())


@pytest.fixture(scope='module')
def exported(checkpoint: Path) -> Path:
    """What a run is exported to with the config that lies beside it."""
    return export(None, checkpoint, checkpoint.parent / 'out/detector.pth')


def test_mmdet_draws_with_an_exported_detector(exported: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), photo())
    names = [str(exported.with_suffix('.py')), str(exported)]
    inferencer = DetInferencer(*names, device='cpu', show_progress=False)
    assert inferencer.visualizer.dataset_meta == dict(classes=CLASSES, palette=PALETTE)
    inferencer(str(tmp_path / 'a.png'), out_dir=str(tmp_path / 'found'), no_save_pred=False)
    assert (tmp_path / 'found/vis/a.png').is_file()
    assert set(json.loads((tmp_path / 'found/preds/a.json').read_text())) >= {'masks', 'scores'}

    detector = init_detector(*names, device='cpu')
    visualizer = VISUALIZERS.build(detector.cfg.visualizer)
    visualizer.dataset_meta = detector.dataset_meta
    visualizer.add_datasample('a', photo(), inference_detector(detector, photo()), draw_gt=False,
                              out_file=str(tmp_path / 'drawn.png'))
    assert (tmp_path / 'drawn.png').is_file()


@pytest.mark.parametrize('kind', ['KNet', 'CondInst'])
def test_models_that_need_mmssis_are_drawn_too(kind: str, tmp_path: Path) -> None:
    model = knet_config() if kind == 'KNet' else toy_condinst()
    out = export(None, write_run(tmp_path, model), tmp_path / 'out/detector.pth')
    config = Config.fromfile(out.with_suffix('.py'))
    assert config.custom_imports.imports == ['mmssis']
    assert config.test_dataloader.dataset.pipeline[0] == dict(type='LoadImageFromFile')
    inferencer = DetInferencer(str(out.with_suffix('.py')), str(out), device='cpu',
                               show_progress=False)
    inferencer(photo(), out_dir=str(tmp_path / 'found'))
    assert len(list((tmp_path / 'found/vis').iterdir())) == 1


def test_safetensors_hold_the_same_detector(checkpoint: Path, exported: Path, tmp_path: Path
                                            ) -> None:
    out = export(None, checkpoint, tmp_path / 'detector.safetensors')
    with safe_open(out, 'pt') as file:
        assert json.loads(file.metadata()['dataset_meta']) == dict(
            classes=list(CLASSES), palette=[list(colour) for colour in PALETTE])
    assert config_of(out) == config_of(exported)
    same, plain = (init_detector(str(path.with_suffix('.py')), str(path), device='cpu')
                   for path in (out, exported))
    assert same.dataset_meta == plain.dataset_meta
    found, expected = (inference_detector(each, photo()).pred_instances for each in (same, plain))
    assert len(found) and all(torch.equal(found[name], expected[name]) for name in FIELDS)
    # Into a semi-supervised model, as `mmssis test`, `label` and `predict` load it.
    model, classes = load_trained_model(load_config(checkpoint.parent / 'toy.py'), out)
    assert classes == CLASSES and all(
        torch.equal(value, plain.state_dict()[name.partition('.')[2]])
        for name, value in model.state_dict().items() if name.startswith('teacher.'))


def test_an_exported_detector_goes_into_other_formats(exported: Path, tmp_path: Path) -> None:
    out = export(None, exported, tmp_path / 'detector.safetensors')
    assert config_of(out) == config_of(exported)
    with pytest.raises(ValueError, match='there is no teacher to export'):
        export(None, exported, tmp_path / 'again.pth')


def test_files_are_kept(checkpoint: Path, exported: Path) -> None:
    with pytest.raises(ValueError, match='detector.pth exists already: .* add --overwrite'):
        export(None, checkpoint, exported)
    assert export(None, checkpoint, exported, overwrite=True) == exported
    other = exported.parent.parent / 'other/detector.pth'
    other.parent.mkdir()
    other.with_suffix('.py').write_text('mine = 1\n')
    with pytest.raises(ValueError, match='detector.py exists already'):
        export(None, checkpoint, other)
    assert not other.exists() and other.with_suffix('.py').read_text() == 'mine = 1\n'


def test_only_what_mmdet_lacks_is_left_out(tmp_path: Path, capsys) -> None:
    checkpoint = write_run(tmp_path, plain_mask2former())
    with open(tmp_path / 'toy.py', 'a') as file:
        file.write("\ntest_evaluator = dict(type='ThresholdCocoMetric')\n")
    written = Config.fromfile(export(
        None, checkpoint, tmp_path / 'out/detector.pth').with_suffix('.py'))
    assert 'mmdet lacks ThresholdCocoMetric: test_evaluator' in capsys.readouterr().out
    assert 'test_dataloader' in written and 'test_cfg' not in written


def soft_nms() -> ConfigDict:
    model = plain_rcnn()
    model.test_cfg.rcnn.nms = dict(type='soft_nms', iou_threshold=0.5)
    return model


def with_stuff() -> ConfigDict:
    model = plain_mask2former()
    model.panoptic_head.update(type='Mask2FormerHead', num_stuff_classes=2)
    model.panoptic_head.loss_cls.class_weight = [1.0] * 6
    model.panoptic_fusion_head.num_stuff_classes = 2
    return model


REFUSED = dict(
    knet=(knet_config, {}, 'model.type = KNet cannot be exported to ONNX: its kernels'),
    condinst=(lambda: toy_condinst(type='CondInst', bbox_head='CondInstBboxHead',
                                   mask_head='CondInstMaskHead'), {},
              'model.type = CondInst cannot be exported to ONNX: the weights of its'),
    own_condinst=(toy_condinst, {}, 'WeightedCondInst cannot be exported to ONNX: the weights'),
    soft_nms=(soft_nms, {}, "test_cfg.rcnn.nms = .*soft_nms.*only dict"),
    stuff=(with_stuff, {}, 'num_stuff_classes = 2 cannot be exported to ONNX: it has to be 0'),
    pipeline=(plain_rcnn, dict(pipeline=[*PIPELINE[:2], dict(type='Pad', size_divisor=32),
                                         PIPELINE[2]]), 'Resize, Pad, PackDetInputs. cannot go'))


@pytest.mark.parametrize('name', REFUSED)
def test_what_has_no_form_in_onnx_is_refused_before_the_checkpoint_is_read(
        name: str, tmp_path: Path) -> None:
    build, settings, message = REFUSED[name]
    config = write_config(tmp_path, build(), **settings)
    (tmp_path / 'iter_4.pth').write_bytes(b'')
    with pytest.raises(ValueError, match=message):
        export(config, tmp_path / 'iter_4.pth', tmp_path / 'out.onnx')


def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_support, 'find_spec', lambda name: None)


ARGUMENTS = dict(
    ending=('out.pt', {}, 'name it OUT.pth, OUT.safetensors, OUT.onnx', None),
    images=('out.pth', dict(check_images=['a.jpg']), 'there is nothing to compare', None),
    branch=('out.pth', dict(branch='both'), "branch = 'both': give 'teacher' or", None),
    packages=('out.onnx', {}, 'pip install onnx onnxruntime', absent))


@pytest.mark.parametrize('name', ARGUMENTS)
def test_wrong_arguments(name: str, checkpoint: Path, tmp_path: Path, monkeypatch) -> None:
    out, settings, message, prepare = ARGUMENTS[name]
    if prepare:
        prepare(monkeypatch)
    with pytest.raises(ValueError, match=message):
        export(None, checkpoint, tmp_path / out, **settings)
    assert not list(tmp_path.iterdir())


def test_a_missing_image_is_named(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='--check-images gone.jpg'):
        export(None, checkpoint, tmp_path / 'out.onnx', check_images=['gone.jpg'])


def test_a_checkpoint_without_class_names_is_refused(tmp_path: Path, checkpoint: Path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    torch.save(dict(content, meta={}), tmp_path / 'bare.pth')
    with pytest.raises(ValueError, match="has no meta.'dataset_meta'..'classes'."):
        export(checkpoint.parent / 'toy.py', tmp_path / 'bare.pth', tmp_path / 'out.pth')
