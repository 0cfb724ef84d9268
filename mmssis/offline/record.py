"""What is on disk of one image."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .detections import SoftDetections
from .soft_masks import decode_mask_probs


@dataclass(frozen=True, eq=False)
class Record:
    """What is on disk of one image; its masks are unpacked on demand.

    Args:
        image: ``id``, ``file_name``, ``height``, ``width``.
        boxes: (N, 4) float64, xyxy in pixels of the image.
        scores: (N,) float64, in [0, 1].
        labels: (N,) long.
        mask_size: S.
        packed_masks: text of :func:`encode_mask_probs`.
    """

    image: dict
    boxes: Tensor
    scores: Tensor
    labels: Tensor
    mask_size: int
    packed_masks: str

    def detections(self) -> SoftDetections:
        """Everything, with mask probabilities (N, S, S).

        Raises:
            ValueError: the masks of the image cannot be unpacked.
        """
        try:
            masks = decode_mask_probs(self.packed_masks, len(self.scores), self.mask_size)
        except ValueError as error:
            raise ValueError(f'image {self.image["id"]}: {error}') from error
        return SoftDetections(self.boxes, self.scores, self.labels, masks)

    @classmethod
    def from_json(cls, content: dict) -> 'Record':
        """A record from the content of its line."""
        return cls(
            image=content['image'],
            boxes=torch.tensor(content['boxes'], dtype=torch.float64).view(-1, 4),
            scores=torch.tensor(content['scores'], dtype=torch.float64),
            labels=torch.tensor(content['labels'], dtype=torch.long),
            mask_size=content['mask_size'], packed_masks=content['mask_probs'])
