"""Two feature maps at stride 8 out of four pyramid levels."""

from typing import Sequence, Tuple

from mmcv.cnn import ConvModule
from mmdet.models.layers import ConvUpsample, SinePositionalEncoding
from mmdet.utils import ConfigType
from mmengine.model import BaseModule, ModuleList, normal_init
from torch import Tensor, nn

# Convolutions and x2 upsamplings of P3 to P5 on their way to stride 8.
LAYERS = ((1, 0), (2, 1), (3, 2))


class SemanticFPN(BaseModule):
    """Bring P2 to P5 to stride 8, add them up and project the sum twice.

    After K-Net's ``SemanticFPNWrapper`` (Apache-2.0). P2 comes down by one convolution of stride
    2, P4 and P5 go up by x2 between convolutions; P5 gets a sine positional encoding first.

    Args:
        in_channels: channels of every level, even.
        channels: channels of the outputs.
        norm_cfg: normalisation of the convolutions, group norm in K-Net.
    """

    def __init__(self, in_channels: int, channels: int, norm_cfg: ConfigType) -> None:
        super().__init__()
        self.positions = SinePositionalEncoding(num_feats=in_channels // 2, normalize=True)
        settings = dict(norm_cfg=norm_cfg, inplace=False)
        down = ConvModule(in_channels, channels, 3, stride=2, padding=1, **settings)
        self.levels = ModuleList([down] + [
            ConvUpsample(in_channels, channels, num_layers, num_upsample, **settings)
            for num_layers, num_upsample in LAYERS
        ])
        self.loc_conv = ConvModule(channels, channels, 1, norm_cfg=norm_cfg)
        self.sem_conv = ConvModule(channels, channels, 1, norm_cfg=norm_cfg)

    def init_weights(self) -> None:
        """Draw every convolution from a normal distribution of deviation 0.01."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                normal_init(module, std=0.01)

    def forward(self, features: Sequence[Tensor]) -> Tuple[Tensor, Tensor]:
        """Fuse the levels.

        Args:
            features: P2 to P5, (B, in_channels, H / 4, W / 4) to (B, in_channels, H / 32, W / 32).

        Returns:
            Features for localisation and for semantics, both (B, channels, H / 8, W / 8).

        Raises:
            ValueError: if the levels do not meet at stride 8.
        """
        *finer, coarsest = features
        coarsest = coarsest + self.positions(mask=None, input=coarsest)
        maps = [level(feature) for level, feature in zip(self.levels, [*finer, coarsest])]
        if len({each.shape for each in maps}) != 1:
            raise ValueError(f'at stride 8 the levels are {[tuple(m.shape[2:]) for m in maps]}: '
                             'K-Net needs inputs whose sides are multiples of 32, set '
                             'pad_size_divisor=32 in data_preprocessor')
        fused = sum(maps)
        return self.loc_conv(fused), self.sem_conv(fused)
