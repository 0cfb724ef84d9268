"""One kernel and the features of its pixels become the next kernel."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn


class KernelUpdator(BaseModule):
    """K-Net's adaptive kernel update.

    With f the gathered pixel features and k the kernel, both projected into a gate part and a
    value part::

        g  = k_gate * f_gate
        k' = ReLU(LN(Linear(sig(LN(Linear g)) * LN(f_value) + sig(LN(Linear g)) * LN(k_value))))

    After K-Net's ``KernelUpdator`` (Apache-2.0), whose names the layers have.

    Args:
        channels: channels C of kernels and features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dynamic_layer = nn.Linear(channels, 2 * channels)
        self.input_layer = nn.Linear(channels, 2 * channels)
        self.input_gate = nn.Linear(channels, channels)
        self.update_gate = nn.Linear(channels, channels)
        self.norm_in = nn.LayerNorm(channels)
        self.norm_out = nn.LayerNorm(channels)
        self.input_norm_in = nn.LayerNorm(channels)
        self.input_norm_out = nn.LayerNorm(channels)
        self.fc_layer = nn.Linear(channels, channels)
        self.fc_norm = nn.LayerNorm(channels)

    def forward(self, gathered: Tensor, kernels: Tensor) -> Tensor:
        """Update kernels, in float32: both inputs are sums over pixels.

        Args:
            gathered: features of each kernel's pixels, (B, N, C).
            kernels: (B, N, C).

        Returns:
            Updated kernels (B, N, C), float32, >= 0.
        """
        with torch.autocast(gathered.device.type, enabled=False):
            feature_gate, feature_value = self.dynamic_layer(gathered.float()).chunk(2, dim=-1)
            kernel_gate, kernel_value = self.input_layer(kernels.float()).chunk(2, dim=-1)
            gate = kernel_gate * feature_gate
            update = self.norm_in(self.update_gate(gate)).sigmoid()
            keep = self.input_norm_in(self.input_gate(gate)).sigmoid()
            mixed = (update * self.norm_out(feature_value)
                     + keep * self.input_norm_out(kernel_value))
            return self.fc_norm(self.fc_layer(mixed)).relu()
