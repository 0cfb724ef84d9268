"""What can be written as ONNX, decided from a config before anything is built."""

from importlib.util import find_spec
from typing import Any, Dict, List, Tuple

import torch
from mmengine.config import Config, ConfigDict
from mmengine.utils import digit_version

MASK2FORMER: Dict[str, Tuple[str, ...]] = {
    'panoptic_head': ('Mask2FormerHead', ),
    'panoptic_head.pixel_decoder': ('MSDeformAttnPixelDecoder', ),
    'panoptic_fusion_head': ('MaskFormerFusionHead', ),
}
MASK_RCNN: Dict[str, Tuple[str, ...]] = {
    'rpn_head': ('RPNHead', ),
    'rpn_head.bbox_coder': ('DeltaXYWHBBoxCoder', ),
    'roi_head': ('StandardRoIHead', 'WeightedRoIHead'),
    'roi_head.bbox_roi_extractor': ('SingleRoIExtractor', ),
    'roi_head.bbox_roi_extractor.roi_layer': ('RoIAlign', ),
    'roi_head.bbox_head': ('Shared2FCBBoxHead', 'Shared4Conv1FCBBoxHead', 'ConvFCBBoxHead'),
    'roi_head.bbox_head.bbox_coder': ('DeltaXYWHBBoxCoder', ),
    'roi_head.bbox_head.loss_cls': ('CrossEntropyLoss', 'SoftmaxFocalLoss'),
    'roi_head.mask_head': ('FCNMaskHead', 'NoiseTolerantMaskHead'),
}
PARTS = {'Mask2Former': MASK2FORMER, 'MaskRCNN': MASK_RCNN, 'WeightedMaskRCNN': MASK_RCNN}
"""Classes that have a form in ONNX here, by the name of the detector."""

REASONS = {
    'KNet': 'its kernels are updated by classes of mmssis that have no form in ONNX here',
    'CondInst': 'the weights of its dynamic mask convolutions come from the image, and they have '
                'no form in ONNX here',
}
RESIZING = ('LoadImageFromFile', 'LoadImageRobust', 'LoadAnnotations', 'Resize', 'PackDetInputs')
# Key, value, what is needed.
Fault = Tuple[str, Any, str]
INSTEAD = 'Mask2Former and Mask R-CNN can be; OUT.pth and OUT.safetensors take any model'


def check_packages() -> None:
    """Ask for the packages of the export.

    Raises:
        ValueError: with the line for pip if one is missing.
    """
    missing = [name for name in ('onnx', 'onnxruntime') if find_spec(name) is None]
    if missing:
        raise ValueError(f'OUT.onnx needs {" and ".join(missing)}: pip install {" ".join(missing)}')
    # Before, torch.onnx.export does not take `dynamo`.
    if digit_version(torch.__version__) < digit_version('2.5'):
        raise ValueError(f'OUT.onnx needs torch 2.5 or later, this is {torch.__version__}')


def check_model(cfg: Config) -> None:
    """Refuse a detector that cannot be written as ONNX.

    Args:
        cfg: of :func:`mmssis.export.plain_config`.

    Raises:
        ValueError: with the part of the model, its class and what can be exported instead.
    """
    model = cfg.model
    if model.type not in PARTS:
        reason = REASONS.get(model.type.removeprefix('Weighted'),
                             'no form in ONNX is known for it here')
        raise ValueError(f'model.type = {model.type} cannot be exported to ONNX: {reason}. '
                         f'{INSTEAD}')
    for place, names in PARTS[model.type].items():
        part = _at(model, place)
        if part.type not in names:
            raise ValueError(f'{place} = {part.type} cannot be exported to ONNX, but '
                             f'{" and ".join(names)} can. {INSTEAD}')
    settings = _mask2former_faults if model.type == 'Mask2Former' else _mask_rcnn_faults
    for key, value, needed in settings(model):
        raise ValueError(f'{key} = {value!r} cannot be exported to ONNX: {needed}')


def resize_of(cfg: Config) -> Dict[str, Any]:
    """How an image is resized before it goes into the detector.

    Args:
        cfg: of the training run.

    Returns:
        ``scale``, (width, height) in pixels, and ``keep_ratio``.

    Raises:
        ValueError: if the pipeline of the test does more than loading and resizing.
    """
    if 'test_dataloader' not in cfg:
        raise ValueError('the config has no test_dataloader: its pipeline says how images are '
                         'resized, and OUT.onnx carries that')
    steps = cfg.test_dataloader.dataset.pipeline
    others = [step.type for step in steps if step.type not in RESIZING]
    resizes = [step for step in steps if step.type == 'Resize']
    if others or len(resizes) != 1 or 'scale' not in resizes[0]:
        names = ', '.join(step.type for step in steps)
        raise ValueError(f'test_dataloader.dataset.pipeline ({names}) cannot go along with ONNX: '
                         'it may load, Resize once to a scale, and pack')
    resize = resizes[0]
    return dict(scale=[int(side) for side in resize.scale],
                keep_ratio=bool(resize.get('keep_ratio', False)))


def _at(model: ConfigDict, place: str) -> ConfigDict:
    """A part of a config by its dotted place."""
    for key in place.split('.'):
        model = model[key]
    return model


def _mask2former_faults(model: ConfigDict) -> List[Fault]:
    """Settings of a Mask2Former that the graph does not compute."""
    needed = [('panoptic_fusion_head.num_stuff_classes',
               model.panoptic_fusion_head.num_stuff_classes, 0),
              ('test_cfg.instance_on', model.test_cfg.get('instance_on', False), True)]
    return [(key, value, f'it has to be {right}') for key, value, right in needed
            if value != right]


def _mask_rcnn_faults(model: ConfigDict) -> List[Fault]:
    """Settings of a Mask R-CNN that the graph does not compute."""
    found: List[Fault] = []
    for stage in ('rpn', 'rcnn'):
        nms = model.test_cfg[stage].nms
        if nms.get('type', 'nms') != 'nms' or set(nms) - {'type', 'iou_threshold'}:
            found.append((f'test_cfg.{stage}.nms', nms.to_dict(),
                          "only dict(type='nms', iou_threshold=...) has a form there"))
    if not model.rpn_head.loss_cls.get('use_sigmoid', False):
        found.append(('rpn_head.loss_cls.use_sigmoid', False, 'set it to True'))
    if model.roi_head.get('shared_head') is not None:
        found.append(('roi_head.shared_head', model.roi_head.shared_head.type, 'set it to None'))
    if model.test_cfg.rcnn.mask_thr_binary < 0:
        found.append(('test_cfg.rcnn.mask_thr_binary', model.test_cfg.rcnn.mask_thr_binary,
                      'masks are bool there, give a threshold in [0, 1]'))
    return found
