"""ClassFeatureBank against lists; run as a program, the file is one rank of the DDP test."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from reference.rank_equations import QueuePerClass

from mmssis.models.pseudo_labels import ClassFeatureBank

TESTS = Path(__file__).parents[2]
K, D, S = 3, 4, 5


def news(*labels, seed=0):
    """Random features with the given labels."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(len(labels), D, generator=generator), torch.tensor(labels, dtype=torch.long)


def assert_equals(bank, expected):
    """The bank holds the lists: values, order, places left empty, prototypes."""
    assert bank.counts.tolist() == [len(queue) for queue in expected.queues]
    assert bank.has_features.tolist() == [len(queue) > 0 for queue in expected.queues]
    for features, queue in zip(bank.features, expected.queues):
        assert features[len(features) - len(queue):].tolist() == queue
        assert not features[:len(features) - len(queue)].any()
    flat = sum(expected.prototypes(D), [])
    assert bank.prototypes().flatten().tolist() == pytest.approx(flat)


@pytest.mark.parametrize('max_new', [None, 2, 1])
@pytest.mark.parametrize('updates', [
    pytest.param([()], id='no feature'),
    pytest.param([(), (0, 1), ()], id='none before and after some'),
    pytest.param([(-1, K, -1)], id='no feature of any class'),
    pytest.param([(0, -1, 1, K, 0)], id='some of no class'),
    pytest.param([(1, )], id='one feature: the other classes stay empty'),
    pytest.param([(0, 1, 0, 1, 0)], id='one update'),
    pytest.param([(0, ) * S], id='exactly full'),
    pytest.param([(0, ) * (S + 3)], id='more than places: the newest stay'),
    pytest.param([(2, ) * S, (2, )], id='the oldest falls out'),
    pytest.param([(0, 1, 0), (0, 0, 2), (0, 1, 0), (0, 0)] * 3, id='wraps several times'),
    pytest.param([(0, ) * (S + 3), (1, ) * 9 + (0, ), (0, 1) * 7], id='overflows again'),
])
def test_update(updates, max_new):
    bank = ClassFeatureBank(K, D, S, max_new)
    expected = QueuePerClass(K, S, max_new or S)
    for seed, labels in enumerate(updates):
        features, labels = news(*labels, seed=seed)
        bank.update(features, labels)
        expected.update((features.tolist(), labels.tolist()))
    assert_equals(bank, expected)


def test_a_resumed_bank_goes_on_bit_for_bit():
    bank, resumed = ClassFeatureBank(K, D, S), ClassFeatureBank(K, D, S)
    bank.update(*news(0, 0, 1, 0, 0, 0, 0))
    stored = io.BytesIO()
    torch.save(bank.state_dict(), stored)
    stored.seek(0)
    resumed.load_state_dict(torch.load(stored, weights_only=True))
    for one in (bank, resumed):
        one.update(*news(1, 0, 2, seed=1))
    assert set(bank.state_dict()) == {'features', 'counts'}
    assert all(torch.equal(value, resumed.state_dict()[name])
               for name, value in bank.state_dict().items())
    assert torch.equal(bank.prototypes(), resumed.prototypes())


def test_follows_the_model_and_never_reads_a_value_on_the_host():
    """The meta device has shapes and no values: reading one raises."""
    bank = torch.nn.Sequential(ClassFeatureBank(K, D, S)).to('meta')[0]
    bank.update(*(value.to('meta') for value in news(0, -1, 1, 0)))
    assert bank.prototypes().shape == (K, D) and bank.prototypes().device.type == 'meta'
    assert bank.has_features.device.type == 'meta'


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16, torch.float64])
def test_takes_features_of_any_dtype(dtype):
    bank = ClassFeatureBank(K, D, S)
    features, labels = news(0, 0, 1)
    bank.update(features.to(dtype), labels.int())
    assert bank.features.dtype == torch.float32
    assert torch.equal(bank.features[0, -2:], features[:2].to(dtype).float())


def test_keeps_no_graph_and_no_reference():
    bank = ClassFeatureBank(K, D, S)
    storage = bank.features.data_ptr()
    features, labels = news(0, 1)
    bank.update(features.requires_grad_(), labels)
    before = bank.features.clone()
    features.data.zero_()
    assert not bank.prototypes().requires_grad
    assert torch.equal(bank.features, before) and bank.features.data_ptr() == storage


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(num_classes=0), 'num_classes = 0', id='no class'),
    pytest.param(dict(channels=0), 'channels = 0', id='no channel'),
    pytest.param(dict(size=0), 'size = 0', id='no place'),
    pytest.param(dict(max_new=0), r'max_new = 0.*\[1, 5\]', id='nothing new'),
    pytest.param(dict(max_new=6), r'max_new = 6.*\[1, 5\]', id='more new than places'),
])
def test_refuses_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        ClassFeatureBank(**dict(dict(num_classes=K, channels=D, size=S), **settings))


@pytest.mark.parametrize('features, labels, message', [
    pytest.param((2, D + 1), (2, ), r'\(2, 5\).*\(M, 4\)', id='channels'),
    pytest.param((D, 2, 2), (D, ), r'\(4, 2, 2\).*\(M, 4\)', id='a map'),
    pytest.param((2, D), (3, ), r'\(3,\).*\(2,\)', id='labels'),
])
def test_refuses_shapes(features, labels, message):
    with pytest.raises(ValueError, match=message):
        ClassFeatureBank(K, D, S).update(torch.zeros(features),
                                         torch.zeros(labels, dtype=torch.long))


@pytest.mark.slow
@pytest.mark.ddp
def test_ranks_share_one_bank():
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    result = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2',
         '--master_port', str(20000 + os.getpid() % 20000), __file__],
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''),
        capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    assert 'rank 0 ok' in result.stdout and 'rank 1 ok' in result.stdout


def main() -> None:
    """Updates with different numbers of features per rank; both must hold the reference's bank."""
    dist.init_process_group('gloo')
    steps = [((0, 1, 0), ()), ((), (0, )), ((), ()), ((0, ) * 9, (0, 0, 2)), ((1, -1), (1, 2, K))]
    for max_new in (S, 2):
        bank, expected = ClassFeatureBank(K, D, S, max_new), QueuePerClass(K, S, max_new)
        for step, labels in enumerate(steps):
            ranks = [news(*labels[rank], seed=2 * step + rank) for rank in (0, 1)]
            bank.update(*ranks[dist.get_rank()])
            expected.update(*([value.tolist() for value in rank] for rank in ranks))
            assert_equals(bank, expected)
            other = bank.features.clone()
            dist.broadcast(other, 0)
            assert torch.equal(bank.features, other)
    print(f'rank {dist.get_rank()} ok', flush=True)
    dist.destroy_process_group()


if __name__ == '__main__':
    main()
