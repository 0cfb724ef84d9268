"""What a model family offers to the step."""

from abc import ABCMeta, abstractmethod
from typing import Dict, List, Optional, Tuple

from mmdet.structures import SampleList
from mmengine.structures import InstanceData
from torch import Tensor, nn

Batch = Tuple[Tensor, SampleList]
Losses = Dict[str, Tensor]


class Candidates(metaclass=ABCMeta):
    """Adapter of a model family: reads the teacher, and knows how its student learns.

    A new family derives from it. Only the call must be written.
    """

    score_thr: Optional[float] = None
    """Class score at or below which candidates are dropped already; None: none are."""

    has_joint_forward: bool = False
    """Whether :meth:`joint_losses` is there."""

    @abstractmethod
    def __call__(self, teacher: nn.Module, images: Tensor,
                 data_samples: SampleList) -> List[InstanceData]:
        """Run the teacher.

        Args:
            teacher: the detector.
            images: weak views, (B, 3, H, W), normalised.
            data_samples: their B samples.

        Returns:
            Candidates of each image, fields as in :mod:`mmssis.structures.pseudo_label`.
        """

    def unlabeled_losses(self, student: nn.Module, teacher: nn.Module, unlabeled: Batch) -> Losses:
        """Losses of the student on pseudo labels.

        Args:
            student: the detector that learns.
            teacher: the detector of the last call.
            unlabeled: images (B, 3, H, W) of the student's views and their samples with pseudo
                labels.

        Returns:
            As the student's ``loss``.
        """
        return student.loss(*unlabeled)

    def release(self) -> None:
        """Free what the last call has kept for the losses; by default there is nothing."""

    def joint_losses(self, student: nn.Module, labeled: Batch,
                     unlabeled: Batch) -> Tuple[Losses, Losses]:
        """Losses of labeled and unlabeled images from one forward: those of two forwards.

        Args:
            student: the detector that learns.
            labeled: images (B, 3, H, W) and their samples.
            unlabeled: images (B', 3, H, W) and their samples with pseudo labels.

        Returns:
            Losses on labels and losses on pseudo labels.

        Raises:
            NotImplementedError: if the family has no such forward.
        """
        raise NotImplementedError(f'{type(self).__name__} has no joint forward')
