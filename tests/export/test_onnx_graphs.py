"""Graphs in onnxruntime find what their detectors find in torch."""

import functools
import json
from typing import Tuple

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from torch import nn
from toy_export import build_random, plain_mask2former, plain_rcnn

onnxruntime = pytest.importorskip('onnxruntime', reason='mmssis export OUT.onnx needs it')
pytest.importorskip('onnx', reason='mmssis export OUT.onnx needs it')

from mmssis.export.onnx_agreement import compare, predict  # noqa: E402
from mmssis.export.onnx_file import checked, metadata_of, noise_like, onnx_bytes  # noqa: E402

RESIZE = dict(scale=[64, 64], keep_ratio=True)


def changed(model: ConfigDict, **changes: object) -> ConfigDict:
    model = ConfigDict(model)
    for place, value in changes.items():
        node = model
        *path, last = place.split('__')
        for key in path:
            node = node[key]
        node[last] = value
    return model


MODELS = dict(
    mask2former=plain_mask2former(),
    mask2former_of_one_class=plain_mask2former(num_classes=1),
    mask_rcnn=plain_rcnn(),
    mask_rcnn_of_one_class=plain_rcnn(num_classes=1),
    one_mask_for_all_classes=plain_rcnn(class_agnostic=True),
    one_box_for_all_classes=changed(plain_rcnn(), roi_head__bbox_head__reg_class_agnostic=True),
    one_extractor=plain_rcnn(shared_extractor=True),
    noise_tolerant=plain_rcnn(mask_head='NoiseTolerantMaskHead'),
    all_anchors=changed(plain_rcnn(), test_cfg__rpn__nms_pre=-1),
    nothing_found=changed(plain_rcnn(), test_cfg__rcnn__score_thr=1.0))


def written(detector: nn.Module) -> bytes:
    meta = dict(classes=('a', 'ü "b"'), palette=[(1, 2, 3), (4, 5, 6)])
    return onnx_bytes(detector, metadata_of(detector, meta, RESIZE), noise_like(RESIZE)[0])


@functools.lru_cache(maxsize=None)
def written_of(name: str) -> Tuple[nn.Module, bytes]:
    detector = build_random(MODELS[name])
    return detector, written(detector)


QUICK = ('mask2former', 'mask_rcnn', 'nothing_found')


@pytest.mark.parametrize('name', [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in MODELS])
def test_the_same_instances_in_images_of_any_size(name: str) -> None:
    detector, model = written_of(name)
    images = [*noise_like(RESIZE), torch.full((3, 40, 50), 90, dtype=torch.uint8)]
    for found in compare(model, detector, images):
        assert found.is_good, found
        assert (found.torch_count > 0) == (name != 'nothing_found')


def test_types_order_and_metadata() -> None:
    detector, model = written_of('mask_rcnn')
    session = onnxruntime.InferenceSession(model)
    image = noise_like(RESIZE)[1]
    outputs = dict(zip(('scores', 'labels', 'boxes', 'masks'),
                       session.run(None, {'images': image[None].numpy()})))
    assert [output.name for output in session.get_outputs()] == list(outputs)
    count, (height, width) = len(outputs['scores']), image.shape[1:]
    assert {name: (value.dtype.name, value.shape) for name, value in outputs.items()} == dict(
        scores=('float32', (count, )), labels=('int64', (count, )), boxes=('float32', (count, 4)),
        masks=('float32', (count, height, width)))
    assert (np.diff(outputs['scores']) <= 0).all() and outputs['masks'].max() <= 1
    assert np.allclose(outputs['boxes'], predict(detector, image).bboxes, atol=1e-3)

    entries = {name: json.loads(text)
               for name, text in session.get_modelmeta().custom_metadata_map.items()}
    assert entries['classes'] == ['a', 'ü "b"'] and entries['palette'][1] == [4, 5, 6]
    assert entries['resize'] == dict(RESIZE, interpolation='bilinear')
    assert entries['mask_threshold'] == 0.5
    assert entries['done_in_the_graph'] == dict(
        order='RGB', mean=[127.5] * 3, std=[127.5] * 3, pad_to_multiple_of=32, pad_value=0)


def test_other_weights_are_no_agreement() -> None:
    other = build_random(MODELS['mask_rcnn'], seed=1)
    with pytest.raises(ValueError, match='does not find what the detector finds .64 x 48'):
        checked(written_of('mask_rcnn')[1], other, noise_like(RESIZE))


def test_nothing_to_compare_is_told(capsys) -> None:
    detector, model = written_of('nothing_found')
    checked(model, detector, noise_like(RESIZE))
    assert 'WARNING: no instance was found' in capsys.readouterr().out


def test_what_torch_cannot_write_is_named() -> None:
    detector = build_random(MODELS['mask_rcnn'])
    detector.backbone.conv1.register_forward_hook(lambda module, _, output: torch.fft.fft(
        output).real)
    with pytest.raises(ValueError, match='MaskRCNN with the backbone ResNet cannot be written'):
        written(detector)
