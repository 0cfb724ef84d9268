"""Interrupted training resumes to the same numbers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from toy import toy_config
from toy_pais import pais_config

from mmssis.engine.resume import find_resumable_checkpoint

TESTS = Path(__file__).parent
HOOKS = dict(
    adaptive=dict(type='AdaptiveThresholdFilter', num_classes=3, class_range=(0.0, 0.5),
                  mask_range=(0.0, 0.6), momentum=0.5, min_area=0),
    pmua=dict(type='MaskUncertainty'))


def make_config(root, work_dir, resume=False, pais=None):
    """Four semi-supervised iterations after one of burn-in, a checkpoint after each."""
    settings = dict(max_iters=5, burn_in=1, write=not root.joinpath('labeled').exists())
    config = (toy_config(root, hooks=HOOKS, **settings) if pais is None
              else pais_config(root, pais, **settings))
    config.update(work_dir=str(work_dir), resume=resume)
    if resume:
        config['load_from'] = find_resumable_checkpoint(work_dir)
    config['default_hooks']['checkpoint'].update(
        interval=1, max_keep_ckpts=3, backend_args=dict(backend='atomic'))
    config['train_cfg']['val_interval'] = 100
    return Config(config, format_python_code=False)


def flatten(value, name=''):
    """Tensors and numbers of a nested state, by name."""
    if isinstance(value, dict):
        return {k: v for key in value for k, v in flatten(value[key], f'{name}.{key}').items()}
    if isinstance(value, (list, tuple)):
        return flatten(dict(enumerate(value)), name)
    return {name: value}


def same(one, other):
    """Whether two leaves are equal, tensors bit for bit."""
    return torch.equal(one, other) if torch.is_tensor(one) else one == other


def assert_same_state(first, second):
    """Model, teacher, hook buffers, optimizer and schedule must be equal bit for bit."""
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        one, other = (flatten(torch.load(path, weights_only=False).get(part, {}))
                      for path in (first, second))
        assert one.keys() == other.keys()
        different = [name for name in one if not same(one[name], other[name])]
        assert not different, different[:5]


@pytest.mark.parametrize('pais', [
    pytest.param('knet', marks=pytest.mark.slow), pytest.param('mask-rcnn')])
def test_resumed_pais_equals_uninterrupted(tmp_path, pais):
    torch.set_num_threads(1)
    Runner.from_cfg(make_config(tmp_path, tmp_path / 'whole', pais=pais)).train()
    half = make_config(tmp_path, tmp_path / 'halves', pais=pais)
    half.train_cfg.max_iters = 2
    Runner.from_cfg(half).train()
    Runner.from_cfg(make_config(tmp_path, tmp_path / 'halves', True, pais)).train()
    assert_same_state(tmp_path / 'whole/iter_5.pth', tmp_path / 'halves/iter_5.pth')


SCRIPT = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
import mmssis
from mmengine.runner import Runner
from test_resume import make_config
root = Path(sys.argv[1])
Runner.from_cfg(make_config(root, root / sys.argv[2])).train()
"""


def start(root, name):
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    return subprocess.Popen([sys.executable, '-c', SCRIPT, str(root), name],
                            env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1'),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_gap_2_16_resume_after_kill_9_equals_uninterrupted(tmp_path):
    toy_config(tmp_path)
    process = start(tmp_path, 'killed')
    deadline = time.monotonic() + 120
    while not (tmp_path / 'killed/iter_2.pth').exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / 'killed/iter_5.pth').exists(), 'killed too late to say anything'
    torch.set_num_threads(1)
    Runner.from_cfg(make_config(tmp_path, tmp_path / 'killed', resume=True)).train()
    Runner.from_cfg(make_config(tmp_path, tmp_path / 'whole')).train()
    assert_same_state(tmp_path / 'whole/iter_5.pth', tmp_path / 'killed/iter_5.pth')
