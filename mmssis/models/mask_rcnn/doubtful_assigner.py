"""Anchors on doubtful regions."""

from typing import Any, Optional

from mmdet.models.task_modules import AssignResult, BaseAssigner
from mmdet.structures.bbox import get_box_tensor
from mmengine.structures import InstanceData

from mmssis.structures import boxes_on_doubtful


class DoubtfulAssigner(BaseAssigner):
    """Another assigner, but for negatives on doubtful regions: they are neither.

    The sampler passes over them and draws from the clear background.

    Args:
        assigner: gives priors their instances.
    """

    def __init__(self, assigner: BaseAssigner) -> None:
        self.assigner = assigner

    def assign(self, pred_instances: InstanceData, gt_instances: InstanceData,
               gt_instances_ignore: Optional[InstanceData] = None, **kwargs: Any) -> AssignResult:
        """Assign priors to instances.

        Args:
            pred_instances: with ``priors`` (P, 4).
            gt_instances: of the image, with doubtful regions or without.
            gt_instances_ignore: as mmdet's.
            **kwargs: of the other assigner.

        Returns:
            Its result, with -1 in ``gt_inds`` where a negative lies on a doubtful region.
        """
        result = self.assigner.assign(pred_instances, gt_instances, gt_instances_ignore, **kwargs)
        doubtful = boxes_on_doubtful(get_box_tensor(pred_instances.priors), gt_instances)
        result.gt_inds[(result.gt_inds == 0) & doubtful] = -1
        return result
