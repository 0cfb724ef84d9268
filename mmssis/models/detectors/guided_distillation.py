"""GuidedDistillation: what differs from the base in a training step."""

from mmdet.registry import MODELS

from .semi_instance_segmentor import Batch, SemiInstanceSegmentor


@MODELS.register_module()
class GuidedDistillation(SemiInstanceSegmentor):
    """GuidedDistillation (Berrada et al., WACV 2024) on Mask2Former.

    Its filter is the pseudo-label hook ``ClassThresholdFilter``, its three stages are
    ``GuidedTeacherHook``'s. Here is its rule for a batch without any pseudo label.
    """

    def unsup_scale(self, unlabeled: Batch) -> float:
        """Weight of the unsupervised losses of this step, the same with and without instances.

        Where the teacher finds nothing, the student learns background: the class loss keeps its
        weight, the losses of masks are 0. PL-DC leaves such a batch out.
        """
        return self.ramped_weight
