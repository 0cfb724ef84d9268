"""PAIS's mask-IoU branch on Mask R-CNN's mask head.

Axes: P RoIs, C channels, S x S cells of the mask grid (28 x 28).
"""

from typing import Any, Tuple

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssis.ops import binary_mask_iou
from mmssis.utils.settings import check_range


class MaskIoUBranch(BaseModule):
    """How good a predicted mask is, from the features that it was predicted from.

    Two 3 x 3 convolutions of stride 2, average pooling and two linear layers: 459,265 parameters
    at 256 channels. The released code flattens 14 x 14 x 256 features into a linear layer of 51 M
    parameters, which the teacher carries too.

    Args:
        in_channels: C of the mask head's last features.
        channels: of the branch.
    """

    def __init__(self, in_channels: int = 256, channels: int = 128) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            ConvModule(in_channels, channels, 3, stride=2, padding=1),
            ConvModule(channels, channels, 3, stride=2, padding=1))
        self.fcs = nn.Sequential(
            nn.Linear(channels, channels), nn.ReLU(inplace=True), nn.Linear(channels, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Predict one number per RoI, whatever its class.

        Args:
            features: (P, C, h, w).

        Returns:
            Logits of the mask's IoU (P,), float32.
        """
        return self.fcs(self.convs(features).mean((2, 3))).squeeze(1).float()


@MODELS.register_module()
class FCNMaskIoUHead(FCNMaskHead):
    """mmdet's mask head that hands out its features and predicts the IoU of its masks.

    The branch is trained by binary cross-entropy against the IoU inside the RoI, positives only
    (PAIS, section 3.3). At test it does not change the ranking; candidates read it as the mask
    score. Needs :class:`WeightedRoIHead`. To leave it out, set ``type='FCNMaskHead'``.

    Args:
        *args: as :class:`mmdet.models.FCNMaskHead`.
        iou_channels: channels of the branch.
        iou_loss_weight: weight of its loss, 0.25 in the released code.
        **kwargs: as :class:`mmdet.models.FCNMaskHead`.

    Raises:
        ValueError: if the weight is negative.
    """

    extra_output = 'iou_feats'

    def __init__(self, *args: Any, iou_channels: int = 128, iou_loss_weight: float = 0.25,
                 **kwargs: Any) -> None:
        check_range('roi_head.mask_head.iou_loss_weight', iou_loss_weight, 0)
        super().__init__(*args, **kwargs)
        features = self.conv_out_channels if self.num_convs else self.in_channels
        self.iou_branch = MaskIoUBranch(features, iou_channels)
        self.iou_loss_weight = iou_loss_weight

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """Mask logits and the features before them; adapted from mmdet (Apache-2.0).

        Args:
            x: features of the RoIs, (P, C, h, w).

        Returns:
            Mask logits (P, K, S, S), one channel if class-agnostic, and features (P, C, h, w).
        """
        for conv in self.convs:
            x = conv(x)
        features = x
        if self.upsample is not None:
            x = self.upsample(x)
            if self.upsample_method == 'deconv':
                x = self.relu(x)
        return self.conv_logits(x), features

    def iou_loss(self, features: Tensor, mask_logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of the branch on positive RoIs.

        Args:
            features: (P, C, h, w), from :meth:`forward`.
            mask_logits: logits of the RoIs' true classes (P, S, S).
            targets: (P, S, S), 0 or 1.

        Returns:
            Scalar; 0 and part of the graph for P = 0.
        """
        losses = F.binary_cross_entropy_with_logits(
            self.iou_branch(features), self.iou_targets(mask_logits, targets), reduction='none')
        return self.iou_loss_weight * losses.sum() / max(len(losses), 1)

    @staticmethod
    def iou_targets(mask_logits: Tensor, targets: Tensor) -> Tensor:
        """IoU of predicted masks and their targets inside the RoI.

        Args:
            mask_logits: (P, S, S); foreground is sigmoid >= 0.5, that is logit >= 0.
            targets: (P, S, S), 0 or 1.

        Returns:
            (P,) float32 in [0, 1] without a gradient; 0 if both are empty.
        """
        return binary_mask_iou(mask_logits >= 0, targets > 0.5)
