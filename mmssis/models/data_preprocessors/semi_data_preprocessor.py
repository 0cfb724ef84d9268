"""Preprocessing of batches in which a branch may be absent."""

from typing import Any

import torch
from mmdet.models.data_preprocessors import MultiBranchDataPreprocessor
from mmdet.registry import MODELS
from torch import Tensor
from typing_extensions import Self


@MODELS.register_module()
class SemiDataPreprocessor(MultiBranchDataPreprocessor):
    """mmdet's multi-branch preprocessor, for batches that lack a branch.

    During burn-in a batch holds labeled images only; mmdet's preprocessor stops there with a
    bare ``AssertionError``. It also answers ``to()``, ``cuda()`` and ``cpu()`` with the inner
    preprocessor in place of itself. Both are mended here.

    Args:
        data_preprocessor: config of the inner :class:`mmdet.models.DetDataPreprocessor`.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise and pad every branch that holds an image.

        Args:
            data: ``inputs`` and ``data_samples``, each a dict from branch to a list with None
                where an image does not take part in the branch; when not training, a plain
                batch.
            training: whether the batch is a training batch.

        Returns:
            The same keys, with a batch tensor (B, 3, H, W) and a list of samples per branch.
        """
        if not training:
            return super().forward(data, training)
        present = {
            key: {name: items for name, items in branches.items()
                  if any(item is not None for item in items)}
            for key, branches in data.items()
        }
        return super().forward(present, training)

    @property
    def pixel_mean(self) -> Tensor:
        """Mean that is subtracted from the pixels, (3, 1, 1)."""
        inner = self.data_preprocessor
        return inner.mean if inner._enable_normalize else torch.zeros(3, 1, 1, device=inner.device)

    @property
    def pixel_std(self) -> Tensor:
        """Standard deviation by which the pixels are divided, (3, 1, 1)."""
        inner = self.data_preprocessor
        return inner.std if inner._enable_normalize else torch.ones(3, 1, 1, device=inner.device)

    @property
    def channels(self) -> str:
        """Channel order after preprocessing; images are loaded as BGR."""
        return 'rgb' if self.data_preprocessor._channel_conversion else 'bgr'

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move the inner preprocessor; returns self, unlike mmdet's."""
        super().to(*args, **kwargs)
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> Self:
        """Move to CUDA; returns self, unlike mmdet's."""
        super().cuda(*args, **kwargs)
        return self

    def cpu(self, *args: Any, **kwargs: Any) -> Self:
        """Move to the CPU; returns self, unlike mmdet's."""
        super().cpu(*args, **kwargs)
        return self
