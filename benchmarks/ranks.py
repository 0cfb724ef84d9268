"""Rank statistics: the package at the features' stride against the released code's full size.

    python benchmarks/ranks.py

Goal: ranking at least 30x.
"""

import random
from functools import partial
from typing import Callable, Dict, List

import torch
import torch.nn.functional as F
from compare import Case, run_cases
from torch import Tensor

from mmssis.models.pseudo_labels import ClassFeatureBank
from mmssis.ops import rank_overlap_map
from mmssis.structures import draw_cells

# VOC in the paper: 20 classes and the background, features of 256 channels.
CLASSES, CHANNELS, K, BANK, STRIDE = 21, 256, 5, 256, 4
SIZES = f': {CLASSES} classes, {CHANNELS} channels'


def make_image(size: int, device: torch.device) -> Dict[str, Tensor]:
    """Features behind a ReLU, classes of the cells, prototypes.

    Args:
        size: side of the network input, a multiple of 4.
        device: of the result.

    Returns:
        ``features`` (D, h, w), ``classes`` (h, w), ``prototypes`` (C, D).
    """
    generator = torch.Generator().manual_seed(0)
    cells = size // STRIDE
    tensors = dict(
        features=torch.randn(CHANNELS, cells, cells, generator=generator).relu(),
        classes=torch.randint(CLASSES, (cells, cells), generator=generator),
        prototypes=torch.rand(CLASSES, CHANNELS, generator=generator))
    return {name: tensor.to(device) for name, tensor in tensors.items()}


def sorted_overlap(features: Tensor, classes: Tensor, prototypes: Tensor) -> Tensor:
    """Overlap by sorting all channels, then one pass per class and channel (unimatch.py:202-286).

    Args:
        features: (D, h, w).
        classes: (h, w).
        prototypes: (C, D).

    Returns:
        (h, w) float32, the share of K channels.
    """
    ranks = features.permute(1, 2, 0).argsort(dim=-1, descending=True)[..., :K]
    of_classes = prototypes.argsort(dim=-1, descending=True)[:, :K]
    shared = torch.zeros(classes.shape, device=features.device)
    for label in range(len(prototypes)):
        for channel in of_classes[label]:
            shared += (classes == label) * (ranks == channel).any(-1)
    return shared / K


def full_size_overlap(features: Tensor, classes: Tensor, prototypes: Tensor) -> Tensor:
    """The same on features that were enlarged to the network input (deeplabv3plus.py:57,68)."""
    size = [STRIDE * length for length in classes.shape]
    enlarged = F.interpolate(features[None], size, mode='bilinear', align_corners=True)[0]
    nearest = classes.repeat_interleave(STRIDE, 0).repeat_interleave(STRIDE, 1)
    return sorted_overlap(enlarged, nearest, prototypes)


class HostBank:
    """A list per class in the host's memory (feature_memory.py:38-65)."""

    def __init__(self) -> None:
        self.queues: List[List[Tensor]] = [[] for _ in range(CLASSES)]

    def update(self, features: Tensor, classes: Tensor) -> None:
        """Copy all features of each class, keep one at random.

        Args:
            features: (D, h, w).
            classes: (h, w).
        """
        rows, labels = features.flatten(1).T, classes.flatten()
        for label, queue in enumerate(self.queues):
            mine = rows[labels == label].cpu()
            for i in random.sample(list(range(len(mine))), min(len(mine), 1)):
                queue.append(mine[i])
            del queue[:-BANK]


def bank_updates(features: Tensor, classes: Tensor) -> Dict[str, Callable[[], None]]:
    """Name to function, of the package's way to add an image's features and of the usual one.

    Args:
        features: (D, h, w).
        classes: (h, w).
    """
    bank, host = ClassFeatureBank(CLASSES, CHANNELS, BANK, 1).to(features.device), HostBank()

    def update() -> None:
        cells, labels = draw_cells(classes, CLASSES, 1)
        bank.update(features.flatten(1)[:, cells].T, labels)

    return dict(mmssis=update, host=lambda: host.update(features, classes))


def ranking(size: int, device: torch.device) -> Case:
    """Overlap of an image's features with the prototypes.

    Args:
        size: side of the network input, a multiple of 4.
        device: on which they work.

    Raises:
        AssertionError: the overlaps differ at equal resolution.
    """
    image = make_image(size, device)
    assert torch.allclose(rank_overlap_map(**image, k=K), sorted_overlap(**image))
    return Case(f'Ranking at stride 4 against sorting at {size} x {size}{SIZES}',
                dict(mmssis=lambda: rank_overlap_map(**image, k=K),
                     released=lambda: full_size_overlap(**image)),
                lambda mine, theirs: 'equal at equal resolution')


def bank(size: int, device: torch.device) -> Case:
    """Update of the bank by an image; arguments as in :func:`ranking`."""
    image = make_image(size, device)
    return Case(f'Update of the bank against lists on the host{SIZES}',
                bank_updates(image['features'], image['classes']),
                lambda mine, theirs: 'each keeps one feature per class')


CASES = dict(ranking=partial(ranking, 320), bank=partial(bank, 320))

if __name__ == '__main__':
    run_cases(CASES, __doc__)
