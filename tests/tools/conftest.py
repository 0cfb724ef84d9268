"""Run the tools as a user does, in this process."""

import importlib.util
import sys
from pathlib import Path
from typing import Callable

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture(scope='session')
def run_tool() -> Callable[..., None]:
    """Call ``main`` of a tool: ``run_tool('train.py', config, '--resume')``."""

    def run(name: str, *arguments: object) -> None:
        spec = importlib.util.spec_from_file_location(f'tool_{Path(name).stem}', TOOLS / name)
        tool = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tool)
        argv = sys.argv
        sys.argv = [name, *map(str, arguments)]
        try:
            tool.main()
        finally:
            sys.argv = argv

    return run
