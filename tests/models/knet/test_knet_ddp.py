"""Two processes on the CPU (gloo), one without instances: neither hangs nor drifts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.ddp
def test_a_rank_without_instances_reduces_the_same_gradients():
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), str(HERE.parents[2])])
    result = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2',
         '--master_port', str(20000 + os.getpid() % 20000), str(HERE / 'knet_ddp_worker.py')],
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''),
        capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    assert 'rank 0 ok' in result.stdout and 'rank 1 ok' in result.stdout
