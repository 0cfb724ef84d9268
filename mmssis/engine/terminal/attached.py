"""A runner whose output is shown by the terminal of a command."""

from typing import Any, Optional, Type

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from .output import take_over
from .terminal import Terminal


def build_runner(runner_class: Type[Runner], cfg: Config, terminal: Optional[Terminal],
                 hook_class: Type[Hook]) -> Runner:
    """Build a runner.

    Args:
        runner_class: its class.
        cfg: the run.
        terminal: where it shows what it does; None leaves that to MMEngine.
        hook_class: shows its course, built with the terminal; on rank 0 alone.

    Returns:
        The runner.
    """
    if terminal is None:
        return runner_class.from_cfg(cfg)

    class ShownRunner(runner_class):
        """Its logger is taken over before it writes the first line."""

        def build_logger(self, *args: Any, **options: Any) -> MMLogger:
            """As MMEngine's runner builds it."""
            return take_over(terminal, super().build_logger(*args, **options))

    runner = ShownRunner.from_cfg(cfg)
    if is_main_process():
        runner.register_hook(hook_class(terminal))
    return runner
