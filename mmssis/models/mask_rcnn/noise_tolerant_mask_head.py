"""Noisy Boundaries' mask head with a coarse branch.

Axes: P RoIs, K classes (1 if class-agnostic), S cells per side of the RoI's features (14).
"""

from typing import Any, Tuple

import torch
from mmcv.cnn import ConvModule
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.registry import MODELS
from mmengine.model import kaiming_init
from torch import Tensor, nn

FUSIONS = ('logits', 'features')


@MODELS.register_module()
class NoiseTolerantMaskHead(FCNMaskHead):
    """Noise-tolerant mask head (NTM): a coarse mask, clean of boundary noise, helps a fine one.

    Noisy Boundaries, section 3.2. All but the last convolution are shared. The fine branch has the
    last convolution and the upsampling of mmdet's head. The coarse branch has two convolutions
    and predicts at the size of the RoI's features. Both are supervised, each at its size
    (``loss_mask`` and ``loss_mask_coarse`` of :class:`WeightedRoIHead`); at test the fine logits
    count, which contain the coarse branch.

    Args:
        *args: as :class:`mmdet.models.FCNMaskHead`.
        fuse: what of the coarse branch is upsampled and joins the fine branch. 'logits', as in
            the released code: coarse and fine logits, mixed over all classes by a 1 x 1
            convolution; the fine logits come from a 3 x 3 convolution. 'features', as in the
            paper's Fig. 4: the features of both, before mmdet's convolution to logits.
        **kwargs: as :class:`mmdet.models.FCNMaskHead`; ``num_convs`` counts the fine branch's
            convolutions with the shared ones.

    Raises:
        ValueError: if ``fuse`` is unknown, or there is no convolution, or no deconvolution that
            doubles the size.
    """

    extra_output = 'coarse_preds'

    def __init__(self, *args: Any, fuse: str = 'logits', **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fuse not in FUSIONS:
            raise ValueError(f'fuse = {fuse!r} of roi_head.mask_head: give one of {FUSIONS}')
        if self.num_convs < 1 or self.upsample_method != 'deconv' or self.scale_factor != 2:
            raise ValueError('NoiseTolerantMaskHead needs num_convs >= 1 and upsample_cfg = '
                             f"dict(type='deconv', scale_factor=2), got {self.num_convs} and "
                             f'{self.upsample_method} by {self.scale_factor}')
        self.fuse = fuse
        channels, classes = self.conv_out_channels, self.conv_logits.out_channels
        shared = channels if self.num_convs > 1 else self.in_channels
        conv = dict(padding=(self.conv_kernel_size - 1) // 2, conv_cfg=self.conv_cfg,
                    norm_cfg=self.norm_cfg)
        self.coarse_convs = nn.Sequential(
            ConvModule(shared, channels, self.conv_kernel_size, **conv),
            ConvModule(channels, channels, self.conv_kernel_size, **conv))
        self.coarse_logits = nn.Conv2d(channels, classes, 1)
        width = classes if fuse == 'logits' else channels
        self.coarse_upsample = nn.ConvTranspose2d(width, width, 2, stride=2)
        self.fusion = nn.Conv2d(2 * width, width, 1)
        if fuse == 'logits':
            self.conv_logits = nn.Conv2d(channels, classes, 3, padding=1)

    def init_weights(self) -> None:
        """As mmdet's head, but what predicts or mixes starts by its inputs.

        mmdet and the released code draw these by the number of outputs: with few classes their
        logits start in the tens, and the losses with them.
        """
        super().init_weights()
        for module in (self.conv_logits, self.coarse_logits, self.fusion):
            kaiming_init(module, mode='fan_in', nonlinearity='relu')

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """Fine and coarse mask logits.

        Args:
            x: features of the RoIs, (P, C, S, S).

        Returns:
            (P, K, 2 S, 2 S), which is all that counts at test, and (P, K, S, S).
        """
        *shared, last = self.convs
        for conv in shared:
            x = conv(x)
        coarse_features = self.coarse_convs(x)
        coarse = self.coarse_logits(coarse_features)
        fine = self.relu(self.upsample(last(x)))
        if self.fuse == 'logits':
            fine = self.conv_logits(fine)
            return self.fusion(torch.cat([self.coarse_upsample(coarse), fine], 1)), coarse
        both = torch.cat([self.coarse_upsample(coarse_features), fine], 1)
        return self.conv_logits(self.relu(self.fusion(both))), coarse
