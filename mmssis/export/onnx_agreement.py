"""Whether an ONNX graph finds what the detector finds."""

from typing import List, NamedTuple, Sequence

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor, nn

MIN_IOU = 0.99
MAX_SCORE_DIFFERENCE = 1e-3
# Pixels whose probability is this close to the threshold may fall on either side: of an object of
# 24 pixels, one is more than the IoU allows.
UNDECIDED = 1e-4


class Agreement(NamedTuple):
    """What one image shows.

    Attributes:
        shape: height and width of the image.
        torch_count: instances of the detector.
        onnx_count: instances of the graph.
        mask_iou: lowest IoU of an instance of the detector, whose box has an area, and the best one
            of the graph with the same label and score; nan if there is none.
        score_difference: largest difference of two scores of the same rank.
    """

    shape: Sequence[int]
    torch_count: int
    onnx_count: int
    mask_iou: float
    score_difference: float

    @property
    def is_good(self) -> bool:
        """Whether the same instances were found."""
        return (self.torch_count == self.onnx_count and not self.mask_iou <= MIN_IOU
                and self.score_difference <= MAX_SCORE_DIFFERENCE)

    def __str__(self) -> str:
        height, width = self.shape
        return (f'{width} x {height}: {self.torch_count} instances with torch, {self.onnx_count} '
                f'with onnxruntime, lowest mask IoU {self.mask_iou:.4f}, largest difference of '
                f'scores {self.score_difference:.1e}')


def compare(model: bytes, detector: nn.Module, images: Sequence[Tensor]) -> List[Agreement]:
    """Run a graph and its detector on the same images.

    Args:
        model: the content of an ONNX file.
        detector: in eval mode, on the CPU.
        images: uint8, RGB, (3, H, W), of any sizes.

    Returns:
        What each image shows.
    """
    import onnxruntime
    session = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider'])
    threshold = float(session.get_modelmeta().custom_metadata_map['mask_threshold'])
    agreements = []
    for image in images:
        scores, labels, _, probs = session.run(None, {'images': image[None].numpy()})
        outputs = InstanceData(
            scores=torch.from_numpy(scores), labels=torch.from_numpy(labels),
            masks=torch.from_numpy(probs >= threshold + UNDECIDED),
            wide_masks=torch.from_numpy(probs >= threshold - UNDECIDED))
        agreements.append(_agreement(image, predict(detector, image), outputs))
    return agreements


@torch.no_grad()
def predict(detector: nn.Module, image: Tensor) -> InstanceData:
    """What mmdet's detector finds in an image, without rescaling.

    Args:
        detector: in eval mode, on the CPU.
        image: uint8, RGB, (3, H, W).

    Returns:
        ``scores`` in descending order, ``labels``, ``bboxes`` and ``masks`` (N, H, W).
    """
    shape = tuple(image.shape[-2:])
    sample = DetDataSample(metainfo=dict(
        img_shape=shape, ori_shape=shape, scale_factor=(1., 1.)))
    # mmdet loads BGR.
    results = detector.test_step(dict(inputs=[image.flip(0)], data_samples=[sample]))
    found = results[0].pred_instances
    return found[found.scores.argsort(descending=True)]


def _agreement(image: Tensor, found: InstanceData, outputs: InstanceData) -> Agreement:
    """Compare the instances of the detector and of the graph in one image."""
    count = min(len(outputs), len(found))
    differences = (outputs.scores[:count] - found.scores[:count]).abs()
    # Two instances of equal scores may change places.
    alike = ((outputs.labels == found.labels[:, None])
             & ((outputs.scores - found.scores[:, None]).abs() <= MAX_SCORE_DIFFERENCE))
    ious = torch.where(alike, _ious(found.masks, outputs), 0)
    best = torch.cat([ious, ious.new_zeros(len(found), 1)], 1).amax(1)
    # mmdet gives a box without area a line of pixels, the graph none.
    best = best[(found.bboxes[:, 2:] > found.bboxes[:, :2]).all(1)]
    return Agreement(
        tuple(image.shape[-2:]), len(found), len(outputs),
        best.min().item() if len(best) else float('nan'),
        differences.max().item() if count else 0.)


def _ious(masks: Tensor, outputs: InstanceData) -> Tensor:
    """IoU of masks (N, H, W) and those of the graph (M): (N, M); 1 for two empty ones."""
    found, sure, wide = (each.flatten(1).float()
                         for each in (masks, outputs.masks, outputs.wide_masks))
    union = found.sum(1)[:, None] + sure.sum(1) - found @ sure.T
    return torch.where(union > 0, found @ wide.T / union.clamp(min=1), 1.)
