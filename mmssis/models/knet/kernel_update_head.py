"""One round of K-Net: kernels look at their pixels, at each other, and segment anew."""

from typing import Dict, Optional

import torch
from mmcv.cnn import ConvModule
from mmcv.cnn.bricks.transformer import FFN, MultiheadAttention
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, OptConfigType
from mmengine.model import BaseModule, bias_init_with_prob
from torch import Tensor, nn

from mmssis.ops import binary_mask_iou
from mmssis.structures import check_boundary_map

from .kernel_updator import KernelUpdator
from .kernels import Kernels, gather_features
from .losses import check_sigmoid, mask_losses, matched_logits
from .targets import Assignment


@MODELS.register_module()
class KernelUpdateHead(BaseModule):
    """Update kernels and predict a class, a mask and optionally the mask's IoU with each.

    After K-Net's ``KernelUpdateHead`` (Apache-2.0); the IoU output is that of PAIS (section 3.2).

    Args:
        num_classes: number of classes.
        channels: channels C of kernels and features.
        num_heads: heads of the attention among kernels.
        feedforward_channels: hidden channels of the feed-forward network.
        loss_cls: focal loss of the classes.
        loss_mask: binary cross-entropy of the masks.
        loss_dice: dice loss of the masks.
        loss_iou: binary cross-entropy of the mask-IoU output (PAIS); None: no such output.
        boundary_map: settings of the boundary-preserving map in the mask loss; None: no map.
    """

    def __init__(self, num_classes: int, channels: int, num_heads: int,
                 feedforward_channels: int, loss_cls: ConfigType, loss_mask: ConfigType,
                 loss_dice: ConfigType, loss_iou: OptConfigType = None,
                 boundary_map: Optional[dict] = None) -> None:
        super().__init__()
        check_boundary_map(boundary_map)
        self.boundary_map = boundary_map
        self.num_classes = num_classes
        self.feat_transform = ConvModule(channels, channels, 1, act_cfg=None)
        self.updator = KernelUpdator(channels)
        self.attention = MultiheadAttention(channels, num_heads, batch_first=True)
        self.attention_norm = nn.LayerNorm(channels)
        self.ffn = FFN(channels, feedforward_channels)
        self.ffn_norm = nn.LayerNorm(channels)
        self.cls_fcs = _projection(channels)
        self.fc_cls = nn.Linear(channels, num_classes)
        self.mask_fcs = _projection(channels)
        self.fc_mask = nn.Linear(channels, channels)
        if loss_iou is not None:
            self.iou_fcs = _projection(channels)
            self.fc_iou = nn.Linear(channels, 1)
        self._build_losses(loss_cls, loss_mask, loss_dice, loss_iou)

    def _build_losses(self, loss_cls: ConfigType, loss_mask: ConfigType, loss_dice: ConfigType,
                      loss_iou: OptConfigType) -> None:
        """Build the losses and check them."""
        self.loss_cls = MODELS.build(loss_cls)
        self.loss_mask = MODELS.build(loss_mask)
        self.loss_dice = MODELS.build(loss_dice)
        self.loss_iou = None if loss_iou is None else MODELS.build(loss_iou)
        built = dict(loss_cls=self.loss_cls, loss_mask=self.loss_mask, loss_dice=self.loss_dice)
        if self.loss_iou is not None:
            built['loss_iou'] = self.loss_iou
        check_sigmoid('update_head', **built)

    def init_weights(self) -> None:
        """Xavier for every matrix, class prior 0.01."""
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        nn.init.constant_(self.fc_cls.bias, bias_init_with_prob(0.01))

    def forward(self, pixel_features: Tensor, previous: Kernels) -> Kernels:
        """One round.

        Args:
            pixel_features: (B, C, H / 8, W / 8), the same in all rounds.
            previous: kernels and masks of the round before.

        Returns:
            The next kernels, their masks and class logits.
        """
        pixels = self.feat_transform(pixel_features)
        kernels = self.updator(gather_features(previous.mask_logits, pixels), previous.features)
        kernels = self.attention_norm(self.attention(kernels))
        kernels = self.ffn_norm(self.ffn(kernels))
        filters = self.fc_mask(self.mask_fcs(kernels))
        return Kernels(
            features=kernels,
            mask_logits=torch.einsum('bnc,bchw->bnhw', filters, pixels),
            cls_logits=self.fc_cls(self.cls_fcs(kernels)),
            iou_logits=self._iou_logits(kernels))

    def _iou_logits(self, kernels: Tensor) -> Optional[Tensor]:
        """Logits (B, N) of the masks' IoU, if the head has this output."""
        if self.loss_iou is None:
            return None
        return self.fc_iou(self.iou_fcs(kernels)).squeeze(-1)

    def loss(self, kernels: Kernels, assignment: Assignment, divisor: Tensor,
             with_iou: bool) -> Dict[str, Tensor]:
        """Losses of one round.

        Args:
            kernels: of :meth:`forward`.
            assignment: who learns what.
            divisor: of the class loss: the mean number of matched kernels of a rank, at least 1,
                or 1 if the class weights are divided already.
            with_iou: whether the IoU output learns: only from true labels.

        Returns:
            ``loss_cls``, ``loss_mask``, ``loss_dice`` and, where it learns, ``loss_iou``.
        """
        logits = matched_logits(kernels.mask_logits, assignment)
        losses = dict(loss_cls=self.loss_cls(
            kernels.cls_logits.flatten(0, 1).float(), assignment.labels,
            assignment.cls_weights, avg_factor=divisor))
        losses.update(mask_losses(
            logits, assignment, self.loss_mask, self.loss_dice, self.boundary_map))
        if with_iou and self.loss_iou is not None:
            losses['loss_iou'] = self._iou_loss(kernels, logits, assignment)
        return losses

    def _iou_loss(self, kernels: Kernels, logits: Tensor, assignment: Assignment) -> Tensor:
        """Loss of the IoU output against the IoU of the matched masks (P, h, w), their mean."""
        predicted = kernels.iou_logits.flatten().index_select(0, assignment.rows).float()
        if len(logits) == 0:
            return predicted.sum()
        return self.loss_iou(
            predicted, binary_mask_iou(logits.detach() > 0, assignment.masks > 0.5))


def _projection(channels: int) -> nn.Sequential:
    """Linear layer, layer norm and ReLU."""
    return nn.Sequential(
        nn.Linear(channels, channels, bias=False), nn.LayerNorm(channels), nn.ReLU(inplace=True))
