"""Two processes on the CPU (gloo): odd ranks must neither hang nor drift."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def launch(root, *scenarios):
    """Run the scenarios on two ranks; a hang ends in ``TimeoutExpired``."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get('PYTHONPATH', '')])
    return subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2',
         '--master_port', str(20000 + os.getpid() % 20000), str(TESTS / 'ddp_worker.py'),
         str(root), *scenarios],
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''),
        capture_output=True, text=True, timeout=240)


@pytest.mark.slow
def test_gap_2_25_odd_ranks_do_not_hang(tmp_path):
    scenarios = ['normal', 'no_labeled_instances', 'no_pseudo_labels', 'unreadable_skip']
    result = launch(tmp_path, *scenarios)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    assert [f'scenario {name} ok' in result.stdout for name in scenarios] == [True] * 4


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['knet', 'mask-rcnn'])
def test_pais_with_an_empty_rank_does_not_hang(kind, tmp_path):
    scenarios = [f'{kind}:{name}'
                 for name in ('normal', 'no_labeled_instances', 'no_pseudo_labels')]
    result = launch(tmp_path, *scenarios)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    assert [f'scenario {name} ok' in result.stdout for name in scenarios] == [True] * 3


@pytest.mark.slow
def test_unreadable_images_of_one_rank_end_the_run_with_their_name(tmp_path):
    result = launch(tmp_path, 'unreadable_error')
    assert result.returncode != 0
    assert 'missing_unlabeled' in result.stderr and 'rank' in result.stderr


@pytest.mark.slow
def test_rank_that_hangs_is_named(tmp_path):
    result = launch(tmp_path, 'hanging_storage')
    assert result.returncode != 0
    assert 'Iteration 2: not every rank had its batch after 3 s' in result.stderr
    assert 'Ranks 1 failed' in result.stderr and 'RankWatchHook in custom_hooks' in result.stderr
