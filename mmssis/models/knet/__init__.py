"""K-Net for instances: kernels that segment an image and are updated by what they segment.

Shape legend: B images, N kernels, C channels, K classes, G instances of an image, P matched
pairs of a batch, H x W padded network input; masks live at stride 8 inside the model and at
stride 4 in losses and results.

Zhang et al., K-Net: Towards Unified Image Segmentation, NeurIPS 2021. Rebuilt after the
authors' code (github.com/ZwwWayne/K-Net, Apache-2.0), without stuff classes.
"""

from .candidates import KNetCandidates
from .detector import KNet
from .kernel_head import ConvKernelHead
from .kernel_matcher import KernelMatcher
from .kernel_update_head import KernelUpdateHead
from .kernel_updator import KernelUpdator
from .mask_cost import MaskCost
from .semantic_fpn import SemanticFPN

__all__ = [
    'ConvKernelHead', 'KNet', 'KNetCandidates', 'KernelMatcher', 'KernelUpdateHead',
    'KernelUpdator', 'MaskCost', 'SemanticFPN'
]
