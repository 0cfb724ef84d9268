"""Pixel weights by rank statistics (Weighting Pseudo-Labels).

Axes: B images, D channels, K classes, h x w cells at the stride of the features, N instances.
"""

from typing import List, Optional, Tuple

import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmssis.ops import rank_overlap_map, rank_weights
from mmssis.structures import (ClassMap, PseudoLabelContext, crop_grid, draw_cells, project_classes,
                               true_class_map)
from mmssis.structures.class_map import FOREGROUND, NO_CLASS
from mmssis.utils.settings import check_range

from ..base import LearnsFromLabels, PseudoLabelHook
from .class_feature_bank import ClassFeatureBank
from .layer_output import LayerOutput

# Images of a rank whose features enter a bank at once; it bounds what the ranks exchange.
IMAGES_PER_UPDATE = 8


@MODELS.register_module()
class RankStatisticsWeights(LearnsFromLabels, PseudoLabelHook):
    """Weigh each pixel by the channels that its feature shares with its class's prototype.

    Weighting Pseudo-Labels, section 3.4, carried over to instances (ours). The pseudo labels of
    an image are projected to classes (:func:`mmssis.structures.project_classes`); a pixel whose k
    strongest feature channels are those of the prototype of its class, or of the background,
    weighs 1. The prototypes are means of two banks per class: of labeled pixels, drawn from the
    true masks, and of reliable pixels, which fill up only behind ``DetectorAgreement``: pixels of
    agreeing instances in the box that agrees, with a mask probability of at least ``certain``. All
    features are the teacher's, of weak views, at their own stride. Pixels of a class that the
    labeled bank lacks have an overlap of 1 (ours; 0 in the released code).

    The weights multiply ``pixel_weights`` and ``cls_weights`` that are there: put this hook after
    the filters and after hooks that set weights. Weights are class evidence alone; they do not see
    that a mask covers two objects of one class. ``tools/analysis_tools/rank_statistics.py`` says
    beforehand whether the channels of a layer tell classes apart.

    Args:
        layer: name of the teacher's layer that gives the features (B, D, h, w), for example
            ``'panoptic_head.pixel_decoder.output_convs.0'`` of a Mask2Former.
        channels: D.
        num_classes: K.
        k: number of channels that are compared, in [1, D]; the paper's best are 5 and 7.
        bank_size: features per class in each bank.
        offset: of :func:`mmssis.ops.rank_weights`: 0.25 gives weights in [0.2, 1] (ours), 0 the
            paper's, 1 the released code's.
        normalize: whether the largest weight is 1; without, it is ``offset + 1``.
        labeled_interval: labeled images are looked at every so many iterations.
        samples_per_image: features that an image adds per class.
        certain: least mask probability of reliable pixels, in [0, 1].
        instance_weights: whether ``cls_weights`` are multiplied by the mean overlap over the
            instance's mask and, behind ``DetectorAgreement``, by ``disagreement`` where no box
            agrees (ours).
        disagreement: this factor, beta, in [0, 1].

    Raises:
        ValueError: if a setting is out of its range.
    """

    def __init__(self,
                 layer: str,
                 channels: int,
                 num_classes: int,
                 k: int = 5,
                 bank_size: int = 256,
                 offset: float = 0.25,
                 normalize: bool = True,
                 labeled_interval: int = 10,
                 samples_per_image: int = 1,
                 certain: float = 0.95,
                 instance_weights: bool = False,
                 disagreement: float = 0.5) -> None:
        super().__init__()
        self.layer = layer
        self.channels = check_range('channels', channels, 1, whole=True)
        self.num_classes = num_classes
        self.k = check_range('k', k, 1, channels, whole=True)
        self.offset = check_range('offset', offset, 0)
        self.normalize = normalize
        self.labeled_interval = check_range('labeled_interval', labeled_interval, 1, whole=True)
        self.samples_per_image = check_range('samples_per_image', samples_per_image, 1, whole=True)
        self.certain = check_range('certain', certain, 0, 1)
        self.instance_weights = instance_weights
        self.disagreement = check_range('disagreement', disagreement, 0, 1)
        max_new = min(bank_size, IMAGES_PER_UPDATE * samples_per_image)
        # The last row is the background; only labeled pixels enter it.
        self.labeled = ClassFeatureBank(num_classes + 1, channels, bank_size, max_new)
        self.reliable = ClassFeatureBank(num_classes + 1, channels, bank_size, max_new)
        self._output: Optional[LayerOutput] = None

    def prepare(self, classes: tuple) -> None:
        """Compare the number of classes with the data's.

        Args:
            classes: class names of the data set.

        Raises:
            ValueError: if they differ.
        """
        if self.num_classes != len(classes):
            raise ValueError(f'num_classes = {self.num_classes} of RankStatisticsWeights in '
                             f'model.pseudo_label_hooks, but the data has {len(classes)} classes: '
                             'give it that number')

    def attach(self, teacher: nn.Module) -> None:
        """Listen to the layer."""
        self._output = LayerOutput(teacher, self.layer)

    def wants_labels(self, iteration: int) -> bool:
        """Every ``labeled_interval`` iterations, whatever the rank."""
        return iteration % self.labeled_interval == 0

    def take_features(self, num_images: int) -> Tensor:
        """What the layer gave at the teacher's last forward, (B, D, h, w); it is released.

        Args:
            num_images: B of that forward.

        Raises:
            RuntimeError: if the hook listens to no teacher, or the layer gave nothing.
            ValueError: if the layer gives something of another shape.
        """
        if self._output is None:
            raise RuntimeError('RankStatisticsWeights listens to no teacher: call '
                               'attach(teacher) first')
        features = self._output.take_output(num_images)
        if features.ndim != 4 or features.shape[1] != self.channels:
            raise ValueError(f'layer {self.layer!r} gives {tuple(features.shape)}: set channels = '
                             f'{self.channels} of RankStatisticsWeights to number 2 of these, and '
                             'name a layer that gives (B, D, h, w)')
        return features

    @torch.no_grad()
    def learn(self, candidates: List[InstanceData], data_samples: SampleList) -> None:
        """Fill the labeled bank; every rank must call it.

        Args:
            candidates: of each image; the metainfo ``input_shape`` is read.
            data_samples: their samples, with true masks. Labels without masks teach nothing.
        """
        features = self.take_features(len(data_samples))
        self._push(self.labeled, features, [
            true_class_map(sample, self.num_classes, instances.input_shape, features.shape[2:])
            for instances, sample in zip(candidates, data_samples)
        ])

    @torch.no_grad()
    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Set or multiply ``pixel_weights``, on the grid of ``mask_logits``."""
        features = self.take_features(len(pseudo_labels))
        maps = [project_classes(instances, self.num_classes, tuple(features.shape[2:]))
                for instances in pseudo_labels]
        prototypes = self.prototypes()
        for image, instances, projected in zip(features, pseudo_labels, maps):
            self._weigh(image, instances, projected, prototypes)
        # Only now, so that no pixel is compared with itself. In every step of training, with
        # reliable pixels or without: the ranks share the bank.
        if self.training:
            self._push(self.reliable, features, [
                self._reliable_classes(*image) for image in zip(pseudo_labels, maps)])
        return pseudo_labels

    def prototypes(self) -> Tensor:
        """Mean feature of each class in both banks, (K + 1, D); 0 without labeled ones."""
        total = self.labeled.features.sum(1) + self.reliable.features.sum(1)
        means = total / (self.labeled.counts + self.reliable.counts).clamp(min=1)[:, None]
        return means * self.labeled.has_features[:, None]

    def _push(self, bank: ClassFeatureBank, features: Tensor, classes: List[Tensor]) -> None:
        """Add random cells of each class and image to a bank."""
        rows, labels = [], []
        for image, of_image in zip(features, classes):
            cells, drawn = draw_cells(of_image, self.num_classes + 1, self.samples_per_image)
            rows.append(image.flatten(1)[:, cells].T)
            labels.append(drawn)
        bank.update(torch.cat(rows), torch.cat(labels))

    def _reliable_classes(self, instances: InstanceData, projected: ClassMap) -> Tensor:
        """Class of each cell (h, w) that may enter the reliable bank, else -1."""
        nothing = torch.full_like(projected.classes, NO_CLASS)
        if len(instances) == 0 or 'agreed_boxes' not in instances:
            return nothing
        owners = projected.owners.clamp(min=0)
        sure = projected.mask_probs.gather(0, owners[None])[0] >= self.certain
        # Where no box agrees it has no area, and no cell lies in it.
        covered = cells_in_boxes(instances.agreed_boxes[owners], instances.input_shape)
        return torch.where(
            sure & covered & (projected.owners >= 0), projected.classes, nothing)

    def _weigh(self, image: Tensor, instances: InstanceData, projected: ClassMap,
               prototypes: Tensor) -> None:
        """Set the weights of one image with features (D, h, w)."""
        overlap = torch.ones_like(projected.classes, dtype=torch.float32)
        if len(instances):
            overlap = rank_overlap_map(image, projected.classes, prototypes, self.k)
        weights = rank_weights(overlap, offset=self.offset, normalize=self.normalize)
        weights = on_mask_grid(weights, instances)
        if 'pixel_weights' in instances:
            weights = instances.pixel_weights * weights
        instances.pixel_weights = weights
        if self.instance_weights:
            self._weigh_instances(instances, overlap, projected.mask_probs >= FOREGROUND)

    def _weigh_instances(self, instances: InstanceData, overlap: Tensor, masks: Tensor) -> None:
        """Multiply ``cls_weights`` by the mean overlap (h, w) of masks (N, h, w)."""
        areas = masks.flatten(1).count_nonzero(1)
        quality = (overlap * masks).sum((1, 2)) / areas.clamp(min=1)
        # A mask that is smaller than a cell keeps its weight.
        quality = torch.where(areas > 0, quality, 1.0)
        if 'agreement' in instances:
            quality = torch.where(instances.agreement, quality, self.disagreement * quality)
        if 'cls_weights' in instances:
            quality = instances.cls_weights * quality
        instances.cls_weights = quality


def cells_in_boxes(boxes: Tensor, input_shape: Tuple[int, int]) -> Tensor:
    """Say which cells of a grid have their centre in a box.

    Args:
        boxes: of each cell, (h, w, 4), xyxy in pixels of the network input.
        input_shape: (H, W) of the network input, which the grid covers.

    Returns:
        (h, w) bool; False in a box without area.
    """
    y, x = ((torch.arange(cells, device=boxes.device) + 0.5) * (length / cells)
            for cells, length in zip(boxes.shape[:2], input_shape))
    left, top, right, bottom = boxes.unbind(-1)
    return (x >= left) & (x < right) & (y[:, None] >= top) & (y[:, None] < bottom)


def on_mask_grid(weights: Tensor, instances: InstanceData) -> Tensor:
    """Bring a map of an image to the grid that the masks of its instances are on.

    Args:
        weights: (h, w), over the network input.
        instances: N instances with ``mask_logits`` (N, h', w').

    Returns:
        (N, h', w') float32: the nearest cell for masks over the whole input, the same memory for
        all; bilinear for masks on the grids of ``mask_boxes``.
    """
    shape = tuple(instances.mask_logits.shape)
    if shape[0] == 0:
        return weights.new_zeros(shape)
    if 'mask_boxes' in instances:
        inds = torch.zeros(shape[0], dtype=torch.long, device=weights.device)
        return crop_grid(
            weights[None], instances.mask_boxes, inds, shape[1:], instances.input_shape)
    return F.interpolate(weights[None, None], shape[1:], mode='nearest')[0].expand(shape)
