"""The fakes of the engine's tests, as fixtures."""

from functools import partial
from typing import Callable

import pytest
from fakes import fake_runner, sample_batch, square_instances


@pytest.fixture
def make_runner(tmp_path) -> Callable:
    """Build a runner around a fake detector."""
    return partial(fake_runner, work_dir=str(tmp_path))


@pytest.fixture
def make_instances() -> Callable:
    """Build pseudo labels with square masks, one (label, left, top, size) each."""
    return square_instances


@pytest.fixture
def make_batch() -> Callable:
    """Build a multi-branch batch of samples."""
    return sample_batch
