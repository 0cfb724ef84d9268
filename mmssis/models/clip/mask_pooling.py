"""Features of regions from one dense forward of the image, pooled under the masks.

The variant of PL-DC's released code (its paper crops regions). Two image towers have features
that can be pooled like this: CLIP's ModifiedResNet and timm's ConvNeXt. The class token of a ViT
has no place to pool at.

Shapes: B images, N regions of one image, H x W network input, h x w grid at stride 32,
C channels of the tower, D of the embedding.
"""

from typing import List, Sequence

import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from open_clip.modified_resnet import AttentionPool2d, ModifiedResNet
from open_clip.timm_model import TimmModel
from timm.models import ConvNeXt
from torch import Tensor, nn

STRIDE = 32


def check_dense_tower(tower: nn.Module) -> None:
    """Raise unless the features of an image tower can be pooled under masks.

    Raises:
        ValueError: for every tower but ModifiedResNet and timm's ConvNeXt.
    """
    is_convnext = isinstance(tower, TimmModel) and isinstance(tower.trunk, ConvNeXt)
    if not is_convnext and not isinstance(tower, ModifiedResNet):
        inner = tower.trunk if isinstance(tower, TimmModel) else tower
        raise ValueError(
            f"mode='mask_pool' of ClipRegionClassifier does not work with {type(inner).__name__}: "
            "give a ResNet or ConvNeXt CLIP such as model='RN50' or 'convnext_large_d_320', or "
            "mode='crop', which works with every model")


def mask_pooled_features(tower: nn.Module, images: Tensor,
                         instances: Sequence[InstanceData]) -> Tensor:
    """Embed regions.

    Args:
        tower: CLIP's image tower, see :func:`check_dense_tower`.
        images: (B, 3, H, W), as the tower wants them.
        instances: per image, with ``masks``.

    Returns:
        (N of all images, D), not normalised; arbitrary for an empty mask.
    """
    # Mask and image grow to the stride together, or the grid would not lie on the mask.
    pad = (0, -images.shape[-1] % STRIDE, 0, -images.shape[-2] % STRIDE)
    used = [i for i, found in enumerate(instances) if len(found)]
    maps = _dense_maps(tower, F.pad(images[used], pad))
    features: List[Tensor] = []
    for dense, index in zip(maps, used):
        masks = F.pad(instances[index].masks.to(images), pad)
        weights = F.interpolate(masks[None], dense.shape[-2:], mode='area')[0]
        features.append(_pool(tower, dense, weights))
    return torch.cat(features)


def _dense_maps(tower: nn.Module, images: Tensor) -> Tensor:
    """Last feature map of the tower, (B, C, h, w)."""
    if isinstance(tower, TimmModel):
        return tower.trunk.forward_features(images)
    maps = tower.stem(images)
    for stage in (tower.layer1, tower.layer2, tower.layer3, tower.layer4):
        maps = stage(maps)
    return maps


def _pool(tower: nn.Module, dense: Tensor, weights: Tensor) -> Tensor:
    """Pool one map (C, h, w) under soft masks (N, h, w) to embeddings (N, D)."""
    areas = weights.flatten(1).sum(1, keepdim=True).clamp(min=1e-6)
    means = (weights / areas[..., None]).flatten(1).to(dense) @ dense.flatten(1).T
    if isinstance(tower, TimmModel):
        return tower.head(tower.trunk.forward_head(means[..., None, None]))
    return _masked_attention_pool(tower.attnpool, dense, weights, means)


def _masked_attention_pool(pool: AttentionPool2d, dense: Tensor, weights: Tensor,
                           means: Tensor) -> Tensor:
    """CLIP's attention pooling, restricted to soft masks.

    The query is the mean under the mask; log(weight) is added to the attention, so that a
    position counts as much as it is covered. With a full mask and CLIP's own image size it
    equals ``encode_image``. The query always attends to itself: no mask gives NaN.
    """
    channels, height, width = dense.shape
    heads, dim = pool.num_heads, channels // pool.num_heads
    positions = _resize_positions(pool.positional_embedding, height, width).to(dense)
    tokens = dense.flatten(1).T + positions[1:]
    own = means + positions[0]

    def split(values: Tensor) -> Tensor:
        """(n, channels) to (heads, n, dim)."""
        return values.view(-1, heads, dim).transpose(0, 1)

    queries = split(pool.q_proj(own)) * dim**-0.5
    own_logits = (queries * split(pool.k_proj(own))).sum(-1, keepdim=True)
    logits = queries @ split(pool.k_proj(tokens)).transpose(1, 2)
    logits = logits + weights.flatten(1).log().to(logits)
    attention = torch.cat((own_logits, logits), dim=-1).softmax(dim=-1)
    pooled = (attention[..., :1] * split(pool.v_proj(own))
              + attention[..., 1:] @ split(pool.v_proj(tokens)))
    return pool.c_proj(pooled.transpose(0, 1).reshape(-1, channels))


def _resize_positions(positions: Tensor, height: int, width: int) -> Tensor:
    """Positional embedding (1 + s * s, C) for another grid, (1 + height * width, C)."""
    side = round((len(positions) - 1)**0.5)
    if (side, side) == (height, width):
        return positions
    grid = positions[1:].T.reshape(1, -1, side, side)
    grid = F.interpolate(grid, (height, width), mode='bicubic', align_corners=False)
    return torch.cat((positions[:1], grid[0].flatten(1).T))
