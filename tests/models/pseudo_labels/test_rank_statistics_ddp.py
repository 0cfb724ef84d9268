"""Two ranks, one without instances; run as a program, the file is one rank of the test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

TESTS = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.ddp
def test_ranks_share_both_banks():
    path = os.pathsep.join([str(TESTS), str(TESTS.parent), str(Path(__file__).parent)])
    result = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2',
         '--master_port', str(20000 + os.getpid() % 20000), __file__],
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''),
        capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    assert 'rank 0 ok' in result.stdout and 'rank 1 ok' in result.stdout


def main() -> None:
    """Learn from labels and from reliable pixels; rank 1 has neither."""
    from test_rank_statistics_weights import (agree, features_of, hook_and_teacher, learned,
                                              pseudo_labels)
    dist.init_process_group('gloo')
    rank = dist.get_rank()
    hook, teacher = hook_and_teacher()
    learned(hook, teacher, labels=() if rank else (0, 1))
    assert hook.labeled.counts.tolist() == [2, 2, 0, 4]
    instances = pseudo_labels(() if rank else (0, 2))
    instances.mask_logits = 99 * instances.mask_logits
    if rank == 0:
        agree(instances, [True, True])
    teacher.show(features_of(1, seed=rank))
    hook([instances], None)
    assert hook.reliable.counts.tolist() == [1, 0, 1, 0]
    for value in hook.state_dict().values():
        other = value.clone()
        dist.broadcast(other, 0)
        assert torch.equal(value, other)
    print(f'rank {rank} ok', flush=True)
    dist.destroy_process_group()


if __name__ == '__main__':
    main()
