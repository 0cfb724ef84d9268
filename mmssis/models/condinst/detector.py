"""CondInst that learns from labels with weights."""

from typing import Any

from mmdet.models.detectors import CondInst
from mmdet.registry import MODELS

from .bbox_head import WeightedCondInstBboxHead
from .mask_head import WeightedCondInstMaskHead


@MODELS.register_module()
class WeightedCondInst(CondInst):
    """CondInst whose heads read the weights of pseudo labels, and masks or boxes alone.

    Losses are those of both heads, see :class:`WeightedCondInstBboxHead` and
    :class:`WeightedCondInstMaskHead`; samples are not changed. The dynamic head runs for the
    selected points only.

    The mask branch has batch norm. A teacher in eval mode needs its running statistics by moving
    average, as ``TeacherEMAHook`` does: with those of the initialisation, which mmdet's
    ``MeanTeacherHook`` leaves, its masks are noise.

    Args:
        *args: as :class:`mmdet.models.CondInst`.
        **kwargs: as :class:`mmdet.models.CondInst`, with the two heads of this module.

    Raises:
        TypeError: if a head takes no weights.
        ValueError: if the box head predicts another number of parameters than the mask head needs.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, kind in dict(bbox_head=WeightedCondInstBboxHead,
                               mask_head=WeightedCondInstMaskHead).items():
            if not isinstance(getattr(self, name), kind):
                raise TypeError(
                    f'{name} of WeightedCondInst is a {type(getattr(self, name)).__name__}, which '
                    f"takes no weights: set type='{kind.__name__}'")
        given, needed = self.bbox_head.num_params, self.mask_head.num_params
        if given != needed:
            raise ValueError(
                f'bbox_head.num_params = {given}, but the dynamic head of mask_head has {needed} '
                f'parameters: set bbox_head.num_params={needed}')
