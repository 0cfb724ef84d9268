"""Two processes on the CPU (gloo): odd ranks must neither hang nor drift."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
pytestmark = [pytest.mark.slow, pytest.mark.ddp]


def launch(script, *arguments):
    """Run a script of the tests on two ranks; a hang ends in ``TimeoutExpired``."""
    folders = [TESTS, TESTS.parent, TESTS / 'models/pseudo_labels/rank_statistics']
    path = os.pathsep.join([*map(str, folders), os.environ.get('PYTHONPATH', '')])
    return subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2',
         '--master_port', str(20000 + os.getpid() % 20000), str(TESTS / script),
         *map(str, arguments)],
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''),
        capture_output=True, text=True, timeout=360)


def assert_ok(result, *scenarios):
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    assert [name for name in scenarios if f'scenario {name} ok' not in result.stdout] == []


def test_gap_2_25_odd_ranks_of_every_method_do_not_hang(tmp_path):
    names = ('normal', 'no_labeled_instances', 'no_pseudo_labels')
    scenarios = [*names, 'signal', 'burn_in', 'unreadable_skip',
                 *(f'{kind}:{name}' for kind in ('knet', 'mask-rcnn') for name in names[1:]),
                 *(f'box-teacher:{name}' for name in ('no_boxes', 'mixed', 'mixed_unlabeled'))]
    assert_ok(launch('ddp_worker.py', tmp_path, *scenarios), *scenarios)


def test_models_with_an_empty_rank_agree():
    assert_ok(launch('ddp_models.py'), 'knet', 'bank', 'rank_statistics')


def test_unreadable_images_of_one_rank_end_the_run_with_their_name(tmp_path):
    result = launch('ddp_worker.py', tmp_path, 'unreadable_error')
    assert result.returncode != 0
    assert 'missing_unlabeled' in result.stderr and 'rank' in result.stderr


def test_rank_that_hangs_is_named(tmp_path):
    result = launch('ddp_worker.py', tmp_path, 'hanging_storage')
    assert result.returncode != 0
    output = result.stdout + result.stderr
    assert 'others wait for rank 1. It has been between iteration 1 and its batch of' in output
    assert 'in transform' in output and 'default_hooks.rank_watch.timeout' in output
