"""Two ranks: nobody hangs, both know, numbers are those of all images, no image comes twice."""

import json
import time
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from fakes import fake_runner, sample_batch, square_instances

from mmssis.datasets.samplers import SemiBatchSampler
from mmssis.engine.hooks import PreflightHook, PseudoLabelStatisticsHook, TrainingGuardHook

pytestmark = [pytest.mark.slow, pytest.mark.ddp]


def log_with_one_empty_rank(rank: int) -> dict:
    runner = fake_runner(dict(ddtf=torch.nn.Identity()))
    hook = PseudoLabelStatisticsHook(interval=1)
    hook.before_train(runner)
    hook.before_train_iter(runner, 0)
    kept = square_instances([(0, 0, 0, 4)] * (4 * rank))
    runner.model.step(dict(candidates=[square_instances([(0, 0, 0, 1)] * 4)], ddtf=[kept]))
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
    runner, guard = fake_runner(), TrainingGuardHook(empty_patience=1)
    said = []
    runner.logger = SimpleNamespace(warning=said.append)
    guard.before_train(runner)
    runner.model.step(dict(candidates=[square_instances([(0, 0, 0, 1)] * rank)]))
    guard.after_train_iter(runner, 0, data_batch=sample_batch(), outputs={})
    return str(said)


def draw_batches(rank: int) -> str:
    data = SimpleNamespace(sources=dict(labeled=range(5), unlabeled=range(50)))
    sampler = SemiBatchSampler(SimpleNamespace(dataset=data, seed=0), 4, labeled=2, unlabeled=2,
                               mode='bernoulli')
    return json.dumps([[(i.source, i.position) for i in batch] for batch in islice(sampler, 8)])


def find_a_data_problem(rank: int) -> str:
    hook = PreflightHook()
    hook._find_problems = lambda runner: [f'found by rank {rank}']
    try:
        hook.before_train(SimpleNamespace(model=torch.nn.Identity()))
    except ValueError as error:
        return str(error)
    return 'went on'


JOBS = (log_with_one_empty_rank, fail_on_rank_1, collapse_on_rank_0_only, draw_batches,
        find_a_data_problem)


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
    deadline = time.monotonic() + 400
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
    assert "'train/pseudo/kept/ddtf': 0.5" in first
    assert "'train/pseudo/instances_per_image': 2.0" in first


def test_a_nan_of_one_rank_stops_both_and_is_named_on_both(answers):
    for message in answers[fail_on_rank_1]:
        assert 'rank 1: sup_loss_cls; images: images/rank1.jpg' in message
        assert 'rank 0:' not in message


def test_one_rank_without_pseudo_labels_is_no_collapse(answers):
    assert answers[collapse_on_rank_0_only] == ['[]', '[]']


def test_streams_are_disjoint_and_choose_the_same_sources(answers):
    first, second = (json.loads(answer) for answer in answers[draw_batches])
    for ours, others in zip(first, second):
        assert [source for source, _ in ours] == [source for source, _ in others]
    places = [tuple(place) for batches in (first, second) for batch in batches for place in batch]
    assert len(set(places)) == len(places) == 64


def test_both_ranks_stop_with_the_data_problem_of_rank_0(answers):
    first, second = answers[find_a_data_problem]
    assert first == second and 'found by rank 0' in first
