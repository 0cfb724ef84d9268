"""timm backbones for small batches."""

from typing import Tuple

from mmdet.registry import MODELS
from mmdet.utils import OptMultiConfig
from mmpretrain.models.backbones import TIMMBackbone
from torch.nn.modules.batchnorm import _BatchNorm
from typing_extensions import Self


@MODELS.register_module()
class FrozenNormTIMM(TIMMBackbone):
    """A timm feature extractor whose batch norm keeps its statistics.

    Detection batches are too small to estimate statistics, and with moving statistics teacher
    and student drift apart (mmdet #10223). mmdet's ResNet calls the same setting
    ``norm_eval``; mmpretrain's ``TIMMBackbone`` lacks it.

    Args:
        model_name: name of the timm model.
        out_indices: feature levels to return.
        frozen: whether the weights are frozen too, as in the PL-DC paper (App. B.1).
        init_cfg: initialisation; weights are loaded when training starts.
    """

    def __init__(self, model_name: str, out_indices: Tuple[int, ...] = (1, 2, 3, 4),
                 frozen: bool = False, init_cfg: OptMultiConfig = None) -> None:
        super().__init__(model_name, features_only=True, pretrained=False,
                         init_cfg=init_cfg, out_indices=out_indices)
        self.requires_grad_(not frozen)

    def train(self, mode: bool = True) -> Self:
        """Set the mode; batch norm stays in eval mode."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
        return self
