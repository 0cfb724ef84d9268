"""Two ranks: nobody hangs, both know, and numbers are those of all images."""

import time
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from fakes import NamedHook, fake_runner, sample_batch, square_instances

from mmssis.engine.hooks import PseudoLabelStatisticsHook, TrainingGuardHook

pytestmark = [pytest.mark.slow, pytest.mark.ddp]


def log_with_one_empty_rank(rank: int) -> dict:
    runner, hook = fake_runner([NamedHook('Filter')]), PseudoLabelStatisticsHook(interval=1)
    hook.before_train(runner)
    hook.before_train_iter(runner, 0)
    kept = square_instances([(0, 0, 0, 4)] * (4 * rank))
    runner.model.step(dict(candidates=[square_instances([(0, 0, 0, 1)] * 4)], Filter=[kept]))
    hook.after_train_iter(runner, 0)
    scalars = runner.message_hub.log_scalars
    return {name: float(buffer.current()) for name, buffer in scalars.items()}


def fail_on_rank_1(rank: int) -> str:
    runner, guard = fake_runner(), TrainingGuardHook()
    guard.before_train(runner)
    value = torch.tensor(float('nan') if rank else 1.)
    try:
        guard.after_train_iter(runner, 0, data_batch=sample_batch(path=f'images/rank{rank}.jpg'),
                               outputs=dict(sup_loss_cls=value))
    except FloatingPointError as error:
        return str(error)
    return 'went on'


def collapse_on_rank_0_only(rank: int) -> str:
    runner, guard = fake_runner(), TrainingGuardHook(empty_patience=1, raise_on_collapse=True)
    guard.before_train(runner)
    guard.before_train_iter(runner, 0)
    runner.model.step(dict(candidates=[square_instances([(0, 0, 0, 1)] * rank)]))
    guard.after_train_iter(runner, 0, data_batch=sample_batch(), outputs={})
    return 'went on'


JOBS = (log_with_one_empty_rank, fail_on_rank_1, collapse_on_rank_0_only)


def start_rank(rank: int, folder: str) -> None:
    """Run all jobs as one of two ranks."""
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    for job in JOBS:
        (Path(folder) / f'{job.__name__}{rank}').write_text(str(job(rank)))
    dist.destroy_process_group()


@pytest.fixture(scope='module')
def answers(tmp_path_factory) -> dict:
    """What each job answered on each of two ranks."""
    folder = tmp_path_factory.mktemp('ranks')
    context = mp.spawn(start_rank, (str(folder),), nprocs=2, join=False)
    deadline = time.monotonic() + 180
    while not context.join(timeout=5):
        if time.monotonic() > deadline:
            for process in context.processes:
                process.kill()
            pytest.fail('a rank hangs')
    return {job: [(folder / f'{job.__name__}{rank}').read_text() for rank in range(2)]
            for job in JOBS}


def test_statistics_are_those_of_all_ranks(answers):
    first, second = answers[log_with_one_empty_rank]
    assert first == second
    assert "'train/pseudo/kept/Filter': 0.5" in first
    assert "'train/pseudo/instances_per_image': 2.0" in first


def test_a_nan_of_one_rank_stops_both_and_is_named_on_both(answers):
    for message in answers[fail_on_rank_1]:
        assert 'rank 1: sup_loss_cls; images: images/rank1.jpg' in message
        assert 'rank 0:' not in message


def test_one_rank_without_pseudo_labels_is_no_collapse(answers):
    assert answers[collapse_on_rank_0_only] == ['went on', 'went on']
