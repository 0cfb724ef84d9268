"""From pyramid features to the first kernels and masks."""

from typing import Dict, NamedTuple, Optional, Sequence

from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmdet.utils import ConfigType
from mmengine.model import BaseModule, bias_init_with_prob, normal_init
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmssis.structures import check_boundary_map

from .kernels import Kernels, gather_features, to_stride4
from .losses import check_sigmoid, mask_losses, matched_logits
from .semantic_fpn import SemanticFPN
from .targets import Assignment, semantic_targets


class KernelHeadOutput(NamedTuple):
    """What the kernel head makes of B images.

    Attributes:
        kernels: the first kernels and their masks.
        pixel_features: what all kernels look at, (B, C, H / 8, W / 8).
        semantic_features: input of the semantic segmentation, (B, C, H / 8, W / 8).
    """

    kernels: Kernels
    pixel_features: Tensor
    semantic_features: Tensor


@MODELS.register_module()
class ConvKernelHead(BaseModule):
    """Learned kernels, made to fit the image by the pixels that they segment.

    After K-Net's ``ConvKernelHead`` (Apache-2.0).

    Args:
        num_classes: number of classes.
        num_kernels: number N of kernels, an upper bound of instances per image.
        in_channels: channels of the pyramid levels.
        channels: channels C of kernels and features.
        norm_cfg: normalisation of the convolutions; ``num_groups`` must divide ``channels``.
        loss_mask: binary cross-entropy of the masks.
        loss_dice: dice loss of the masks.
        loss_seg: focal loss of the semantic segmentation, which is trained with true labels only.
        boundary_map: settings of the boundary-preserving map in the mask loss; None: no map.
    """

    def __init__(self, num_classes: int, num_kernels: int, in_channels: int, channels: int,
                 norm_cfg: ConfigType, loss_mask: ConfigType, loss_dice: ConfigType,
                 loss_seg: ConfigType, boundary_map: Optional[dict] = None) -> None:
        super().__init__()
        check_boundary_map(boundary_map)
        self.boundary_map = boundary_map
        self.num_classes = num_classes
        self.num_kernels = num_kernels
        self.semantic_fpn = SemanticFPN(in_channels, channels, norm_cfg)
        self.loc_conv = ConvModule(channels, channels, 1, norm_cfg=norm_cfg)
        self.sem_conv = ConvModule(channels, channels, 1, norm_cfg=norm_cfg)
        self.init_kernels = nn.Conv2d(channels, num_kernels, 1, bias=False)
        self.conv_seg = nn.Conv2d(channels, num_classes, 1)
        self.loss_mask = MODELS.build(loss_mask)
        self.loss_dice = MODELS.build(loss_dice)
        self.loss_seg = MODELS.build(loss_seg)
        check_sigmoid('kernel_head', loss_mask=self.loss_mask, loss_dice=self.loss_dice,
                      loss_seg=self.loss_seg)

    def init_weights(self) -> None:
        """K-Net's initialisation: kernels of deviation 1, convolutions 0.01, class prior 0.01."""
        self.semantic_fpn.init_weights()
        for module in (self.loc_conv.conv, self.sem_conv.conv):
            normal_init(module, std=0.01)
        normal_init(self.conv_seg, std=0.01, bias=bias_init_with_prob(0.01))
        normal_init(self.init_kernels, std=1.0)

    def forward(self, features: Sequence[Tensor]) -> KernelHeadOutput:
        """First kernels and masks.

        Args:
            features: P2 to P5, (B, in_channels, H / 4, W / 4) and half of it from level to level.

        Returns:
            Kernels without class logits, and the features that later steps read.
        """
        localisation, semantics = self.semantic_fpn(features)
        localisation, semantics = self.loc_conv(localisation), self.sem_conv(semantics)
        mask_logits = self.init_kernels(localisation)
        pixel_features = semantics + localisation
        # Float32: the sum runs over pixels.
        kernels = self.init_kernels.weight.flatten(1) + gather_features(mask_logits, pixel_features)
        return KernelHeadOutput(Kernels(kernels, mask_logits), pixel_features, semantics)

    def loss(self, output: KernelHeadOutput, assignment: Assignment) -> Dict[str, Tensor]:
        """Losses of the first masks.

        Args:
            output: of :meth:`forward`.
            assignment: who learns what.

        Returns:
            ``loss_mask`` and ``loss_dice``.
        """
        logits = matched_logits(output.kernels.mask_logits, assignment)
        return mask_losses(logits, assignment, self.loss_mask, self.loss_dice,
                           self.boundary_map)

    def seg_loss(self, output: KernelHeadOutput, targets: Sequence[InstanceData]) -> Tensor:
        """Loss of the semantic segmentation, over the foreground pixels of this rank.

        Args:
            output: of :meth:`forward`.
            targets: true instances of each image, from ``stride4_targets``.

        Returns:
            Scalar.
        """
        logits = to_stride4(self.conv_seg(output.semantic_features.float()))
        labels = semantic_targets(targets, self.num_classes).flatten()
        foreground = (labels < self.num_classes).sum().clamp(min=1)
        return self.loss_seg(logits.permute(0, 2, 3, 1).flatten(0, 2), labels,
                             avg_factor=foreground)
