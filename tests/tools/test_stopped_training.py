"""A signal to a whole training job, as a scheduler or Ctrl-C sends it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mmengine.config import Config
from toy import toy_config

from mmssis.engine.resume import checkpoints_of, find_resumable_checkpoint
from mmssis.engine.run_lock import hold_work_dir

ROOT = Path(__file__).resolve().parents[2]


def processes_of(session: int) -> int:
    """Number of processes of a session that still run."""
    stats = (path.read_text().rpartition(')')[2].split()
             for path in Path('/proc').glob('[0-9]*/stat') if path.exists())
    return sum(int(fields[3]) == session and fields[0] != 'Z' for fields in stats)


@pytest.mark.slow
def test_sigterm_to_all_processes_leaves_a_checkpoint_and_no_worker(tmp_path):
    config = toy_config(tmp_path, max_iters=500)
    config.pop('work_dir')
    config['train_dataloader']['num_workers'] = 2
    config['default_hooks']['checkpoint'].update(
        interval=2, max_keep_ckpts=2, backend_args=dict(backend='atomic'))
    Config(config).dump(tmp_path / 'toy.py')
    work_dir = tmp_path / 'work'
    run = subprocess.Popen(
        [sys.executable, str(ROOT / 'tools/train.py'), str(tmp_path / 'toy.py'), '--work-dir',
         str(work_dir)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT)), start_new_session=True)
    try:
        deadline = time.monotonic() + 300
        while not (work_dir / 'iter_2.pth').exists() and time.monotonic() < deadline:
            assert run.poll() is None, run.stdout.read()
            time.sleep(0.05)
        assert processes_of(run.pid) == 3
        with pytest.raises(SystemExit, match=f'process {run.pid} on'), hold_work_dir(work_dir):
            pytest.fail('two trainings in one folder')
        os.killpg(run.pid, signal.SIGTERM)
        output = run.communicate(timeout=120)[0]
        assert run.returncode == 128 + signal.SIGTERM, output
    finally:
        run.kill()
    assert processes_of(run.pid) == 0
    newest = checkpoints_of(work_dir)[0]
    assert 2 < int(newest.stem[5:]) < 500 and find_resumable_checkpoint(work_dir) == str(newest)
    assert f'Last checkpoint: {newest}. The same command with --resume' in output
