"""Write a detector as ONNX, checked against torch.

The file takes an image of any size and gives back its instances; docs/export.md has the inputs,
the outputs, the metadata and an example.
"""

import io
import json
import warnings
from typing import Any, Dict, List, Sequence, Tuple

import torch
from mmdet.models.detectors import Mask2Former
from torch import Tensor, nn

import mmssis

from .onnx_agreement import Agreement, compare
from .onnx_mask2former import Mask2FormerGraph
from .onnx_mask_rcnn import MaskRCNNGraph

INPUT = 'images'
OUTPUTS = ('scores', 'labels', 'boxes', 'masks')
# The first with everything that the graphs need: GridSample (16), RoiAlign as mmcv's (16).
OPSET = 17


def onnx_bytes(detector: nn.Module, metadata: Dict[str, Any], example: Tensor) -> bytes:
    """Write a detector as an ONNX model.

    Args:
        detector: a Mask2Former or Mask R-CNN that :func:`check_model` let through, in eval mode,
            on the CPU.
        metadata: further entries of the file by name; written as JSON.
        example: an image, uint8, RGB, (3, H, W). The model takes other sizes too.

    Returns:
        The content of the file, passed by ``onnx.checker``.

    Raises:
        ValueError: if torch cannot write a part of the model.
    """
    import onnx
    kind = Mask2FormerGraph if isinstance(detector, Mask2Former) else MaskRCNNGraph
    try:
        model = onnx.load_model_from_string(_traced(kind(detector).eval(), example))
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # torch and onnx raise all kinds.
        raise ValueError(f'{type(detector).__name__} with the backbone '
                         f'{type(detector.backbone).__name__} cannot be written as ONNX: {error}'
                         ) from error
    onnx.helper.set_model_props(
        model, {name: json.dumps(value, ensure_ascii=False) for name, value in metadata.items()})
    return model.SerializeToString()


@torch.no_grad()
def _traced(graph: nn.Module, example: Tensor) -> bytes:
    """The graph as torch writes it."""
    content = io.BytesIO()
    sizes = {2: 'height', 3: 'width'}
    axes = {name: {0: 'instances'} for name in OUTPUTS}
    axes['masks'] = {0: 'instances', 1: 'height', 2: 'width'}
    with warnings.catch_warnings():
        # Sizes that stay the same, whatever the image, become constants.
        warnings.simplefilter('ignore')
        # With `dynamo=True` torch 2.11 did not finish within minutes where sizes are open.
        torch.onnx.export(graph, (example[None], ), content, input_names=[INPUT],
                          output_names=list(OUTPUTS), opset_version=OPSET, dynamo=False,
                          dynamic_axes={INPUT: sizes, **axes})
    return content.getvalue()


def metadata_of(detector: nn.Module, meta: Dict[str, Any], resize: Dict[str, Any]
                ) -> Dict[str, Any]:
    """What a program needs to use the file.

    Args:
        detector: the model.
        meta: ``classes`` and, if known, ``palette``.
        resize: ``scale`` and ``keep_ratio``.

    Returns:
        The entries of the file's metadata, plain values.
    """
    preprocessor = detector.data_preprocessor
    normalises = preprocessor._enable_normalize
    in_graph = dict(
        order='RGB' if preprocessor._channel_conversion else 'BGR',
        mean=preprocessor.mean.flatten().tolist() if normalises else None,
        std=preprocessor.std.flatten().tolist() if normalises else None,
        pad_to_multiple_of=preprocessor.pad_size_divisor, pad_value=preprocessor.pad_value)
    is_mask2former = isinstance(detector, Mask2Former)
    threshold = 0.5 if is_mask2former else detector.roi_head.test_cfg.mask_thr_binary
    return dict(meta, mask_threshold=threshold, resize=dict(resize, interpolation='bilinear'),
                input=dict(order='RGB', type='uint8', range=[0, 255]), done_in_the_graph=in_graph,
                model=type(detector).__name__, exported_by=f'mmssis {mmssis.__version__}')


def noise_like(resize: Dict[str, Any]) -> List[Tensor]:
    """Two images of noise as the resize leaves them, a wide one and a high one.

    Args:
        resize: ``scale`` and ``keep_ratio``.

    Returns:
        uint8, (3, H, W) each; without ``keep_ratio`` one, as all images have that size.
    """
    width, height = resize['scale']
    shapes: Sequence[Tuple[int, int]] = [(height, width)]
    if resize['keep_ratio']:
        long, short = max(width, height), min(width, height)
        other = min(short, round(0.75 * long))
        # An odd side shows what holds for even ones alone.
        shapes = [(other, long), (long - 1, other - 1)]
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(0, 256, (3, *shape), generator=generator, dtype=torch.uint8)
            for shape in shapes]


def checked(model: bytes, detector: nn.Module, images: Sequence[Tensor]) -> List[Agreement]:
    """Compare a model with its detector, and print what each image shows.

    Args:
        model: of :func:`onnx_bytes`.
        detector: what it was written from.
        images: uint8, RGB, (3, H, W).

    Returns:
        What each image shows.

    Raises:
        ValueError: if they do not find the same instances.
    """
    found = compare(model, detector, images)
    for each in found:
        print(each)
    if bad := [each for each in found if not each.is_good]:
        raise ValueError(f'the ONNX model does not find what the detector finds ({bad[0]}); '
                         'nothing was written. Use OUT.pth, and report the config')
    if not any(each.torch_count for each in found):
        print('WARNING: no instance was found in these images, so masks were not compared: name '
              'some with objects by --check-images')
    return found
