"""What a teacher says of one image, before any threshold: boxes, scores and soft masks."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class SoftDetections:
    """Detections of one image with masks as probabilities on the grids of their boxes.

    A grid covers its box from edge to edge, whatever the box's shape, as a RoI head's does.

    Args:
        boxes: (N, 4), xyxy in pixels of the image as it is on disk.
        scores: (N,), in [0, 1].
        labels: (N,) long, in [0, K).
        mask_probs: (N, S, S), in [0, 1].

    Raises:
        ValueError: if the numbers of detections differ.
    """

    boxes: Tensor
    scores: Tensor
    labels: Tensor
    mask_probs: Tensor

    def __post_init__(self) -> None:
        counts = [len(field) for field in (self.boxes, self.scores, self.labels, self.mask_probs)]
        if len(set(counts)) > 1:
            raise ValueError(f'boxes, scores, labels and mask_probs are of {counts} detections')

    def __len__(self) -> int:
        """N."""
        return len(self.scores)

    def __getitem__(self, index: Tensor) -> 'SoftDetections':
        """The detections that an index or a bool mask selects."""
        return SoftDetections(self.boxes[index], self.scores[index], self.labels[index],
                              self.mask_probs[index])

    @classmethod
    def empty(cls, mask_size: int, device: torch.device = torch.device('cpu')) -> 'SoftDetections':
        """No detection; ``mask_size`` is S."""
        return cls(torch.zeros(0, 4, device=device), torch.zeros(0, device=device),
                   torch.zeros(0, dtype=torch.long, device=device),
                   torch.zeros(0, mask_size, mask_size, device=device))
