"""Which instances an independent detector finds too (Weighting Pseudo-Labels, RPPI).

Axes: N instances of one image, M boxes of the detector.
"""

from typing import List, Optional

import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import assign_masks_to_boxes
from mmssis.structures import PseudoLabelContext, boxes_of_masks, project_boxes
from mmssis.utils.settings import check_range

from ..base import PseudoLabelHook
from .detector_boxes import DetectorBoxes


@MODELS.register_module()
class DetectorAgreement(PseudoLabelHook):
    """Say which instances a box of an independent detector agrees with.

    Weighting Pseudo-Labels, section 3.3: a detector with another inductive bias, trained on the
    same labels, tells reliable pixels. There a pixel is reliable if a box of its class covers
    it; that passes a mask over two neighbours and each half of a split object as well. Ours: boxes
    and instances of a class are matched one to one, boxes in the order of falling scores, by the
    IoU of the box and the tight box of the mask. A box agrees with one instance. The limit: with
    ``iou_thr`` 0.5 a mask over two neighbours still agrees if the box of one covers at least half
    of the box around both, as the larger of two that touch side by side does, and so does a part
    of a split object that has at least half of it.

    Nothing is dropped or weighed here. ``RankStatisticsWeights`` behind this hook fills its
    reliable bank from the pixels of agreeing instances that lie in their boxes.

    Args:
        boxes_file: COCO results of the detector on the unlabeled images, in pixels of the original
            images; read in :meth:`prepare`, so that the config builds without.
        ann_file: COCO JSON that the detector was tested with: categories are told by name, and an
            image of it without results counts as one without boxes. An image that is not in it
            stops the run.
        score_thr: boxes below this score do not count, in [0, 1]. The paper's 0.95 and 0.85 are
            for its own detector: choose the lowest score with a precision of 0.8 on labeled images
            that it has not seen.
        iou_thr: least IoU of a match, in [0, 1].

    Raises:
        ValueError: if a setting is out of its range.
    """

    def __init__(self, boxes_file: str, ann_file: str, score_thr: float = 0.9,
                 iou_thr: float = 0.5) -> None:
        super().__init__()
        self.boxes_file = boxes_file
        self.ann_file = ann_file
        self.score_thr = check_range('score_thr', score_thr, 0, 1)
        self.iou_thr = check_range('iou_thr', iou_thr, 0, 1)
        self._detector: Optional[DetectorBoxes] = None

    def prepare(self, classes: tuple) -> None:
        """Read the files.

        Args:
            classes: class names of the data set, in label order.

        Raises:
            RuntimeError: if a file is missing or wrong; the message says how to make it.
        """
        if self._detector is None:
            self._detector = DetectorBoxes(self.boxes_file, self.ann_file, tuple(classes),
                                           self.score_thr)

    @torch.no_grad()
    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Set ``agreement`` (N,) bool and ``agreed_boxes`` (N, 4), xyxy, 0 where none agrees."""
        if self._detector is None:
            raise RuntimeError('DetectorAgreement has no boxes yet: call model.prepare(classes), '
                               'or leave default_hooks.preflight in, which does')
        boxes = torch.cat([tight_boxes(instances) for instances in pseudo_labels])
        labels = torch.cat([instances.labels for instances in pseudo_labels])
        # One transfer for the batch; the matching compares single numbers.
        on_host = torch.cat([boxes, labels[:, None].to(boxes.dtype)], 1).cpu()
        counts = [len(instances) for instances in pseudo_labels]
        agreed = [self._agreed_boxes(part[:, :4], part[:, 4].long(), meta)
                  for part, meta in zip(on_host.split(counts), context.metas)]
        for instances, part in zip(pseudo_labels, torch.cat(agreed).to(boxes.device).split(counts)):
            instances.agreement = part.isfinite().all(1)
            instances.agreed_boxes = part.nan_to_num(nan=0.0)
        return pseudo_labels

    def _agreed_boxes(self, boxes: Tensor, labels: Tensor, meta: dict) -> Tensor:
        """Box (N, 4) that agrees with each tight box (N, 4), NaN for none; all on the CPU."""
        for key in ('img_id', 'img_shape', 'homography_matrix'):
            if key not in meta:
                raise KeyError(f'DetectorAgreement found no {key} in the metainfo of a weak view: '
                               'add it to meta_keys of PackDetInputs in the pipeline')
        found = self._detector.of_image(meta['img_id'])
        found_boxes = project_boxes(
            torch.from_numpy(found.boxes), meta['homography_matrix'], meta['img_shape'])
        found_labels = torch.from_numpy(found.labels)
        agreed = torch.full((len(boxes), 4), float('nan'))
        for label in labels.unique():
            mine, theirs = labels == label, found_labels == label
            given = assign_masks_to_boxes(
                found_boxes[theirs], torch.from_numpy(found.scores)[theirs], boxes[mine],
                self.iou_thr)
            # -1, no box, is the last row.
            agreed[mine] = F.pad(found_boxes[theirs], (0, 0, 0, 1), value=float('nan'))[given]
        return agreed


def tight_boxes(instances: InstanceData) -> Tensor:
    """Tight boxes of masks, whatever form they have.

    Args:
        instances: N instances with ``masks`` (N, H, W), or with ``mask_logits`` over the whole
            input or on the grids of ``mask_boxes``; metainfo ``input_shape``.

    Returns:
        (N, 4) float32, xyxy in pixels of the network input; without area for an empty mask.
    """
    if 'mask_boxes' in instances:
        tight = boxes_of_masks(instances.mask_logits > 0)
        frames = instances.mask_boxes.float()
        rows, columns = instances.mask_logits.shape[1:]
        steps = (frames[:, 2:] - frames[:, :2]) / frames.new_tensor([columns, rows])
        return frames[:, :2].repeat(1, 2) + tight * steps.repeat(1, 2)
    masks = instances.masks if 'masks' in instances else instances.mask_logits > 0
    (height, width), (rows, columns) = instances.input_shape, masks.shape[1:]
    scale = torch.tensor([width / columns, height / rows], device=masks.device)
    return boxes_of_masks(masks) * scale.repeat(2)
