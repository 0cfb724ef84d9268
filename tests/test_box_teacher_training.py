"""BoxTeacher under the real Runner: labels of three kinds, resume, an empty rank."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from test_resume import assert_same_state
from toy_box_teacher import box_config

from mmssis.engine.resume import find_resumable_checkpoint

TESTS = Path(__file__).parent
PREFLIGHT = dict(type='PreflightHook', warn_only=('categories', ))


def make_config(root: Path, work_dir: str, mixed: bool, resume: bool = False, **settings) -> Config:
    """Six iterations, two of them of burn-in, a checkpoint after each."""
    config = box_config(root, mixed, write=not (root / 'boxes').exists(),
                        **dict(dict(max_iters=6, burn_in=2), **settings))
    config.update(work_dir=str(root / work_dir), resume=resume)
    if resume:
        config['load_from'] = find_resumable_checkpoint(root / work_dir)
    config['default_hooks']['checkpoint'].update(
        interval=1, max_keep_ckpts=3, backend_args=dict(backend='atomic'))
    config['train_cfg']['val_interval'] = 100
    config['custom_hooks'] = [PREFLIGHT, *config['custom_hooks']]
    return Config(config, format_python_code=False)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize('mixed', [
    pytest.param(False, id='boxes'),
    pytest.param(True, id='masks, boxes and nothing'),
])
def test_resumed_equals_uninterrupted(tmp_path, mixed):
    Runner.from_cfg(make_config(tmp_path, 'whole', mixed)).train()
    half = make_config(tmp_path, 'halves', mixed)
    half.train_cfg.max_iters = 3
    Runner.from_cfg(half).train()
    Runner.from_cfg(make_config(tmp_path, 'halves', mixed, resume=True)).train()
    assert_same_state(tmp_path / 'whole/iter_6.pth', tmp_path / 'halves/iter_6.pth')


def test_boxinst_is_burn_in_to_the_end(tmp_path):
    config = make_config(tmp_path, 'boxinst', False, max_iters=2, burn_in=2)
    config.model.pseudo_label_hooks = []
    runner = Runner.from_cfg(config)
    runner.train()
    assert not runner.model.teacher_ready


def masks_of_box_images(cfg: Config) -> None:
    masks = cfg.train_dataloader.dataset.datasets[0]
    masks.update(ann_file='annotations/boxes.json', data_prefix=dict(img='boxes/'))


def without_assignment(cfg: Config) -> None:
    cfg.model.pseudo_label_hooks.pop(0)


def without_filter(cfg: Config) -> None:
    cfg.model.pseudo_label_hooks.pop(1)


def another_detector(cfg: Config) -> None:
    cfg.model.type = 'SemiInstanceSegmentor'


def nothing_to_assign(cfg: Config) -> None:
    second = cfg.train_dataloader.dataset.datasets[1]
    cfg.train_dataloader.dataset.datasets[1] = second.datasets[1]


def burn_in_of_data(cfg: Config) -> None:
    cfg.train_dataloader.batch_sampler.burn_in = 3


@pytest.mark.parametrize('fault, message', [
    pytest.param(masks_of_box_images, '4 images are both labeled with masks and box-labeled',
                 id='masks and boxes of one image'),
    pytest.param(without_assignment, 'has 0 hooks that give them masks', id='no AssignToBoxes'),
    pytest.param(without_filter, 'Add a filter', id='unfiltered candidates'),
    pytest.param(another_detector, 'model.type="BoxTeacher" alone learns from', id='detector'),
    pytest.param(nothing_to_assign, 'has nothing to do', id='no box labels'),
    pytest.param(burn_in_of_data, 'model.burn_in=2 differs', id='boxes come too late'),
])
def test_faults_stop_the_run_before_it_starts(tmp_path, fault, message):
    config = make_config(tmp_path, 'faulty', True)
    fault(config)
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(config).train()


@pytest.mark.slow
def test_an_empty_rank_does_not_hang(tmp_path):
    path = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get('PYTHONPATH', '')])
    result = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2',
         '--master_port', str(20000 + os.getpid() % 20000), str(TESTS / 'ddp_box_teacher.py'),
         str(tmp_path)],
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''),
        capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    for scenario in ('boxes', 'no_boxes', 'mixed', 'mixed_unlabeled'):
        assert f'scenario {scenario} ok' in result.stdout
