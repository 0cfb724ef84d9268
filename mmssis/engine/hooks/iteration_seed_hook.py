"""Seeding of each training iteration."""

import random
from typing import Optional

import numpy as np
import torch
from mmdet.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmssis.datasets.samplers import derive_seed
from mmssis.utils.settings import check_range


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seed Python, NumPy and torch from (seed, iteration, rank) before each iteration.

    The randomness of the model (sampled points, drop path) then depends on the iteration and not
    on what ran before it, so a resumed run repeats an uninterrupted one, and validating more or
    less often changes nothing.

    Args:
        seed (int, optional): Seed >= 0. None takes the runner's, which a resumed run reads from
            its checkpoint. Defaults to None.
    """

    priority = 'VERY_HIGH'

    def __init__(self, seed: Optional[int] = None) -> None:
        self.seed = seed
        if seed is not None:
            check_range('default_hooks.seed.seed', seed, 0, whole=True)

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """Seed the generators of this process, accelerators included.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch; the runner's iteration is used.
            data_batch (dict, optional): The batch, not read.
        """
        run_seed = runner.seed if self.seed is None else self.seed
        seed = derive_seed(run_seed, runner.iter, get_rank())
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
