"""What a finished training leaves, and what to do with it."""

import os
import shlex
from pathlib import Path
from typing import List, Optional

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from .stages import find_hook


def endings(runner: Runner) -> List[str]:
    """Lines about the checkpoints, and commands to go on with.

    Args:
        runner: of a run that is at its end.

    Returns:
        One line each.
    """
    hook = find_hook(runner, CheckpointHook)
    last = None if hook is None else hook.last_ckpt
    best = runner.message_hub.runtime_info.get('best_ckpt')
    lines = [f'Trained: {runner.iter} updates.']
    lines += [f'{name} checkpoint: {_short(path)}'
              for name, path in (('Best', best), ('Last', last)) if path is not None]
    config, checkpoint = _written_config(runner), best or last
    if config is not None and checkpoint is not None:
        lines.append(f'Next: mmssis test {shlex.join([_short(config), _short(checkpoint)])}')
    return [*lines, f'Next: mmssis report {shlex.quote(_short(runner.work_dir))}']


def _written_config(runner: Runner) -> Optional[str]:
    """The config with all settings that the runner has written into its work directory."""
    if runner.cfg.filename is None:
        return None
    path = Path(runner.work_dir, Path(runner.cfg.filename).name)
    return str(path) if path.is_file() else None


def _short(path: str) -> str:
    """A path from the current folder, if it is below it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith(os.pardir) else relative
