"""How a run was started, beside its checkpoints: command, base config, versions."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any, Dict, Optional, Union

from mmengine.runner import Runner

from mmssis.compatibility import describe_environment
from mmssis.utils.provenance import config_files
from mmssis.utils.reading import SHIPPED

ORIGIN = 'run.json'
"""Name of the file in the work directory."""


def write_origin(runner: Runner) -> None:
    """Write ``run.json`` into the work directory of a run.

    Args:
        runner: the run.
    """
    config = runner.cfg.filename
    found: Dict[str, Any] = dict(
        command=shlex.join(sys.argv), config=config,
        base=shipped_base(config) if config else None, environment=describe_environment())
    Path(runner.work_dir, ORIGIN).write_text(
        json.dumps(found, indent=2, ensure_ascii=False), encoding='utf-8')


def shipped_base(config: Union[str, Path]) -> Optional[str]:
    """The shipped config that a config is, or the first one that it inherits from.

    Args:
        config: a config file.

    Returns:
        Its name as in ``_base_ = 'mmssis::NAME'``; None where there is none.
    """
    folder = SHIPPED.resolve()
    for file in config_files(config):
        path = file.path.resolve()
        if folder in path.parents and path.parent.name != '_base_' \
                and path.parent.parent.name != '_base_':
            return path.relative_to(folder).as_posix()
    return None
