"""Category correction by the joint probability of teacher and classifier (PLePI)."""

from typing import List

import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import joint_class_probs
from mmssis.structures import PseudoLabelContext

from .category_correction import CategoryCorrection, keep_teacher_labels


@MODELS.register_module()
class JointCategoryCorrection(CategoryCorrection):
    """Correct classes by the product of the teacher's and the classifier's distribution.

    PLePI (pseudo-labeling enhanced by privileged information, Haghighi et al., IJCAI 2023), which
    PL-DC's Table 5 compares with DICC: "the joint probability distribution of the teacher's and
    CLIP's predicted class distributions". Written from that sentence; PL-DC gives no formula and
    no code for it. The most likely class of ``p q / sum(p q)`` is the new label. There is no
    weight and no schedule: the classifier counts as much as the teacher to the end of the run,
    and it is asked about every pseudo label.

    Args:
        classifier: config of a :class:`mmssis.models.clip.RegionClassifier`.
    """

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Correct labels, class_probs and class_scores; keep the old ones as teacher_labels."""
        keep_teacher_labels(pseudo_labels)
        return self.correct(pseudo_labels, context, any_row, joint_class_probs)


def any_row(probs: Tensor) -> Tensor:
    """All True, bool (N,): a product can turn any label."""
    return torch.ones(len(probs), dtype=torch.bool, device=probs.device)
