"""Checkpoints that come with a package."""

from typing import Dict, Optional

from mmengine.runner import CheckpointLoader
from torch import Tensor

from mmssis.models.clip.lite0_weights import load_efficientnet_lite0


@CheckpointLoader.register_scheme(prefixes='efficientnet-lite0://')
def load_packaged_lite0(filename: str, map_location: Optional[str] = None) -> Dict[str, Tensor]:
    """ImageNet weights of EfficientNet-Lite0 for ``mmpretrain.TIMMBackbone``.

    Args:
        filename: ``efficientnet-lite0://imagenet``.
        map_location: kept for mmengine's interface; the weights are on the CPU.

    Returns:
        State dict under the names of ``TIMMBackbone``, without the classifier.

    Raises:
        RuntimeError: if the package is not installed; the message names it.
    """
    classifier = ('conv_head.', 'bn2.', 'classifier.')
    return {
        f'timm_model.{name}': value
        for name, value in load_efficientnet_lite0().items() if not name.startswith(classifier)
    }
