"""Two ways of doing the same, compared in one run."""

import argparse
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, NamedTuple

import torch
from measure import alternate, run_tracking_memory

REFERENCE = Path(__file__).parents[1] / 'tests' / 'reference'


class Case(NamedTuple):
    """What is compared.

    Attributes:
        title: of the print.
        ways: name to function without arguments, ours first.
        agree: compares both results; raises AssertionError, or says in words how they agree.
    """

    title: str
    ways: Dict[str, Callable[[], Any]]
    agree: Callable[[Any, Any], str]


def compare(case: Case, iters: int, device: torch.device) -> None:
    """Print time and memory of both ways, and how many times ours is faster.

    Args:
        case: what to compare.
        iters: timed calls of each, >= 1.
        device: device on which they work.

    Raises:
        AssertionError: their results differ.
    """
    results, memory = {}, {}
    for name, way in case.ways.items():
        results[name], memory[name] = run_tracking_memory(way, device)
    remark = case.agree(*results.values())
    spans = alternate(case.ways, iters, device)
    print(f'\n{case.title}, medians of {iters}, {device}')
    for name, span in spans.items():
        print(f'  {name:10s} {1e3 * span.wall:10.1f} ms  extra peak memory '
              f'{memory[name] / 2**20:8.1f} MB')
    mine, theirs = spans.values()
    print(f'  ratio      {theirs.wall / mine.wall:10.1f} x   (of processor time '
          f'{theirs.processor / mine.processor:.1f} x); {remark}')


def run_cases(cases: Dict[str, Callable[[torch.device], Case]], description: str) -> None:
    """Compare the cases that the command line names, by default all.

    Args:
        cases: name to function of the device that makes the case.
        description: of the command.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--case', choices=list(cases), help='one of them (default: all)')
    add_arguments(parser)
    args = parser.parse_args()
    print(f'torch {torch.__version__}, {torch.get_num_threads()} threads')
    for name in [args.case] if args.case else cases:
        device = torch.device(args.device)
        compare(cases[name](device), args.iters, device)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that all benchmarks have."""
    parser.add_argument('--iters', type=int, default=12, help='timed repetitions (default: 12)')
    parser.add_argument('--device', choices=['cpu', 'cuda'],
                        default='cuda' if torch.cuda.is_available() else 'cpu')


def load_reference(name: str) -> ModuleType:
    """A module of tests/reference: the usual or released way, written plainly.

    Raises:
        FileNotFoundError: if this is not a source checkout.
    """
    path = REFERENCE / f'{name}.py'
    if not path.exists():
        raise FileNotFoundError(f'{path} is missing: the comparison needs a source checkout, '
                                'since tests are not installed')
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
