"""One instance, one kernel."""

from typing import List, Sequence, Tuple

import numpy as np
import torch
from mmdet.registry import TASK_UTILS
from mmdet.utils import ConfigType
from mmengine.structures import InstanceData
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from .kernels import Kernels, to_stride4

Matches = List[Tuple[Tensor, Tensor]]


@TASK_UTILS.register_module()
class KernelMatcher:
    """Hungarian matching of all stages and images at once, in float32.

    A stage learns with the matches of the stage before it, and no forward depends on a match. So
    all costs of a step are computed together and go to the CPU in one transfer, where K-Net waits
    for the device once per stage and image.

    Args:
        cls_cost: config of the class cost; kernels without class logits are matched without it.
        dice_cost: config of the dice cost on mask logits.
        mask_cost: config of the mask cost on mask logits.
    """

    def __init__(self, cls_cost: ConfigType, dice_cost: ConfigType,
                 mask_cost: ConfigType) -> None:
        self.cls_cost = TASK_UTILS.build(cls_cost)
        self.dice_cost = TASK_UTILS.build(dice_cost)
        self.mask_cost = TASK_UTILS.build(mask_cost)

    @torch.no_grad()
    def match(self, stages: Sequence[Kernels], targets: Sequence[InstanceData]) -> List[Matches]:
        """Match the kernels of every stage to the instances of their image.

        Args:
            stages: kernels of B images after each stage.
            targets: instances of each image with ``labels`` (G,) and ``masks``
                (G, H / 4, W / 4) in [0, 1].

        Returns:
            For each stage and image the matched kernels and their instances, both (min(N, G),)
            long, by ascending kernel.
        """
        device = stages[0].mask_logits.device
        costs = [self.cost(stage, image, target) for stage in stages
                 for image, target in enumerate(targets)]
        # At each transfer the host waits for the device.
        on_host = torch.cat([cost.flatten() for cost in costs]).cpu()
        parts = on_host.split([cost.numel() for cost in costs])
        pairs = [np.stack(linear_sum_assignment(part.view(cost.shape).numpy()))
                 for part, cost in zip(parts, costs)]
        joined = torch.from_numpy(np.concatenate(pairs, axis=1)).to(device)
        split = joined.split([pair.shape[1] for pair in pairs], dim=1)
        matches = [(part[0], part[1]) for part in split]
        return [matches[i:i + len(targets)] for i in range(0, len(matches), len(targets))]

    def cost(self, stage: Kernels, image: int, target: InstanceData) -> Tensor:
        """Cost of each pair of kernel and instance of one image.

        Args:
            stage: kernels of B images.
            image: which of them.
            target: its instances.

        Returns:
            (N, G), float32 and finite: a NaN is replaced, so that it reaches the loss, where it
            is named, and not the matching.
        """
        logits = stage.mask_logits[image]
        if len(target) == 0:
            return logits.new_zeros((len(logits), 0), dtype=torch.float32)
        predicted = InstanceData(masks=to_stride4(_finite(logits)[None])[0])
        costs = [self.dice_cost, self.mask_cost]
        if stage.cls_logits is not None:
            predicted.scores = _finite(stage.cls_logits[image])
            costs.append(self.cls_cost)
        # float16 overflows at 65,504 pixels, a stride-4 mask has more.
        with torch.autocast(logits.device.type, enabled=False):
            return sum(cost(predicted, target) for cost in costs)


def _finite(logits: Tensor) -> Tensor:
    """Logits in float32, without NaN and infinity."""
    return logits.float().nan_to_num(nan=0.0, posinf=1e4, neginf=-1e4)
