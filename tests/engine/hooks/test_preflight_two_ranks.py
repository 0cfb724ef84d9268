"""Data on two ranks: disjoint streams, and one answer to a data problem."""

import datetime
import json
from itertools import islice
from types import SimpleNamespace

import pytest
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from mmssis.datasets.samplers import SemiBatchSampler
from mmssis.engine.hooks import PreflightHook


def two_ranks(rank, folder):
    """Draw batches, then let rank 0 alone find a problem; write down what happened."""
    dist.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2,
                            timeout=datetime.timedelta(seconds=60))
    data = SimpleNamespace(datasets=[range(5), range(50)])
    sampler = SemiBatchSampler(SimpleNamespace(dataset=data, seed=0), 4, mode='bernoulli')
    batches = [[(i.source, i.position) for i in batch] for batch in islice(sampler, 8)]
    hook = PreflightHook()
    hook._find_problems = lambda runner: [f'found by rank {rank}']
    try:
        hook.before_train(SimpleNamespace(model=nn.Identity()))
    except ValueError as error:
        message = str(error)
    with open(f'{folder}/{rank}.json', 'w') as file:
        json.dump(dict(batches=batches, message=message), file)
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_ranks(tmp_path):
    mp.spawn(two_ranks, args=(str(tmp_path), ), nprocs=2)
    first, second = (json.loads((tmp_path / f'{rank}.json').read_text()) for rank in range(2))
    assert first['message'] == second['message'] and 'found by rank 0' in first['message']
    for ours, others in zip(first['batches'], second['batches']):
        assert [source for source, _ in ours] == [source for source, _ in others]
    places = [tuple(place) for result in (first, second) for batch in result['batches']
              for place in batch]
    assert len(set(places)) == len(places) == 64
