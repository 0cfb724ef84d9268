"""The newest features of every class, and their mean.

Axes: K classes, S places per class, D channels, M new features.
"""
from typing import Optional, Tuple

import torch
from mmengine.dist import all_gather
from torch import Tensor, nn

from mmssis.utils.settings import check_range


class ClassFeatureBank(nn.Module):
    """First in, first out: the last ``size`` features of each class, for prototypes.

    Weighting Pseudo-Labels, section 3.4 and section 5 of its supplement: a memory bank of labeled
    and of reliable pseudo-labeled pixels, one queue per class; the prototype is the mean of all
    that is in it. Which pixels enter is the caller's choice. The paper draws them at random:
    ``order = torch.randperm(len(labels), device=labels.device)`` and
    ``bank.update(features[order], labels[order])`` do so.

    Ours: the queues are buffers on the device, hence saved and resumed bit for bit; nothing is
    copied to the host; and the ranks share one bank, where the released code keeps one of its own
    per rank in the host's memory, and loses it on resume. The newest feature stands in the last
    place, and places without a feature are 0.

    Args:
        num_classes: K.
        channels: D.
        size: S; 256 is the paper's best (Table 4 of the supplement).
        max_new: a rank brings at most this many features of a class per update, its newest, in
            [1, size]; the released code brings the batch size. It bounds what the ranks exchange,
            ``num_classes * max_new * channels`` numbers each. ``size`` if not given.
    """

    def __init__(self, num_classes: int, channels: int, size: int = 256,
                 max_new: Optional[int] = None) -> None:
        super().__init__()
        for name, value in dict(num_classes=num_classes, channels=channels, size=size).items():
            check_range(name, value, 1, whole=True)
        self.max_new = size if max_new is None else check_range('max_new', max_new, 1, size)
        self.register_buffer('features', torch.zeros(num_classes, size, channels))
        self.register_buffer('counts', torch.zeros(num_classes, dtype=torch.long))

    @property
    def has_features(self) -> Tensor:
        """bool (K,), the classes that have any feature."""
        return self.counts > 0

    def prototypes(self) -> Tensor:
        """Mean feature of each class, (K, D); 0 for a class without features."""
        return self.features.sum(1) / self.counts.clamp(min=1)[:, None]

    @torch.no_grad()
    def update(self, features: Tensor, labels: Tensor) -> None:
        """Push the new features of all ranks; every rank must call it, with none if it has none.

        Each rank's last feature of a class counts as equally new, then each one's last but one,
        and so on, so that no rank crowds out another.

        Args:
            features: (M, D), the oldest first, in any floating dtype.
            labels: class of each, integers (M,); features whose label lies outside of [0, K), as
                -1 and mmdet's background K do, are passed over.

        Raises:
            ValueError: the shapes do not fit the bank or each other.
        """
        self._check(features, labels)
        new, counts = push(self.features.new_zeros(len(self.counts), self.max_new,
                                                   features.shape[1]), features, labels)
        rows, labels = merge_ranks(torch.stack(all_gather(new)), torch.stack(all_gather(counts)))
        pushed, counts = push(self.features, rows, labels)
        self.features.copy_(pushed)
        self.counts.add_(counts).clamp_(max=self.features.shape[1])

    def _check(self, features: Tensor, labels: Tensor) -> None:
        """Raise unless features are (M, D) and labels (M,)."""
        channels = self.features.shape[2]
        if features.ndim != 2 or features.shape[1] != channels:
            raise ValueError(f'features of shape {tuple(features.shape)} for a ClassFeatureBank: '
                             f'give (M, {channels}), its number of channels')
        if labels.shape != features.shape[:1]:
            raise ValueError(f'labels of shape {tuple(labels.shape)} for a ClassFeatureBank: '
                             f'give ({len(features)},), one for each feature')


def push(queues: Tensor, rows: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
    """Append rows to the queues of their classes; what is too old falls out at the front.

    Every shape follows from the shapes of the arguments, so that the host never waits.

    Args:
        queues: (K, S, D), the newest last.
        rows: (M, D), the oldest first.
        labels: (M,), the queue of each row; rows with labels outside of [0, K) are passed over.

    Returns:
        - (K, S, D), the new queues.
        - (K,) int64, how many rows of each class there were.
    """
    ordered, order = labels.long().sort(stable=True)
    classes = torch.arange(len(queues), device=queues.device)
    ends = torch.searchsorted(ordered, classes, right=True)
    counts = ends - torch.searchsorted(ordered, classes)
    if len(rows) == 0:
        return queues, counts
    num_classes, size = queues.shape[:2]
    places = torch.arange(size, device=queues.device)
    old = classes[:, None] * size + (places + counts[:, None]).clamp(max=size - 1)
    new = num_classes * size + order[(ends[:, None] - size + places).clamp(min=0)]
    source = torch.where(places >= size - counts[:, None], new, old)
    both = torch.cat([queues.flatten(0, 1), rows.to(queues.dtype)])
    return both.index_select(0, source.flatten()).view_as(queues), counts


def merge_ranks(queues: Tensor, counts: Tensor) -> Tuple[Tensor, Tensor]:
    """Line the queues of all ranks up as rows: the oldest first, the ranks in turn.

    Args:
        queues: (R, K, S, D) of R ranks, the newest last.
        counts: (R, K), how many rows were pushed to each queue, S of them kept.

    Returns:
        - (S * R * K, D) rows.
        - (S * R * K,) int64 labels, -1 for a place without a feature.
    """
    num_classes, size = queues.shape[1:3]
    classes = torch.arange(num_classes, device=queues.device)
    ages = torch.arange(size - 1, -1, -1, device=queues.device)
    labels = torch.where(ages[:, None, None] < counts, classes, -1)
    return queues.permute(2, 0, 1, 3).flatten(0, 2), labels.flatten()
