"""How many inputs, from which seed, and the table at the end."""

from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from .harness import Tally, table

TALLIES: Dict[str, Tally] = {}


@pytest.fixture
def num_inputs(request: pytest.FixtureRequest) -> int:
    """Inputs per family."""
    return request.config.getoption('--fuzz-inputs')


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """The tally of a test, which is named after its family."""
    family = request.node.originalname.removeprefix('test_')
    TALLIES[family] = Tally(family)
    yield TALLIES[family]


@pytest.fixture
def fuzzing(request: pytest.FixtureRequest, num_inputs: int) -> Any:
    """Settings of Hypothesis: the same inputs for the same seed, no data base, no shrinking."""
    return settings(
        max_examples=num_inputs, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), derandomize=False)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, and write the log where one is asked for."""
    if log := config.getoption('--fuzz-log'):
        Path(log).write_text('\n'.join(line for tally in TALLIES.values() for line in tally.log))
    if TALLIES:
        terminalreporter.write_line('\n'.join(table(TALLIES)))
