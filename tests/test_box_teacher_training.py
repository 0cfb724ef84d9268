"""BoxTeacher under the real Runner: labels of three kinds, resume, faults."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from test_resume import assert_same_state
from toy_box_teacher import box_config

from mmssis.engine.resume import find_resumable_checkpoint

PREFLIGHT = dict(type='PreflightHook', warn_only=('categories', ))


def make_config(root: Path, work_dir: str, mixed: bool, resume: bool = False, **settings) -> Config:
    """Four iterations, one of them of burn-in, a checkpoint after each."""
    config = box_config(root, mixed, write=not (root / 'boxes').exists(),
                        **dict(dict(max_iters=4, burn_in=1), **settings))
    config.update(work_dir=str(root / work_dir), resume=resume)
    if resume:
        config['load_from'] = find_resumable_checkpoint(root / work_dir)
    config['default_hooks']['checkpoint'].update(
        interval=1, max_keep_ckpts=3, backend_args=dict(backend='atomic'))
    config['train_cfg']['val_interval'] = 100
    config['default_hooks']['preflight'] = PREFLIGHT
    return Config(config, format_python_code=False)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_resumed_equals_uninterrupted(tmp_path):
    """Masks, boxes and images without labels; the second half begins after burn-in."""
    Runner.from_cfg(make_config(tmp_path, 'whole', True)).train()
    half = make_config(tmp_path, 'halves', True)
    half.train_cfg.max_iters = 2
    Runner.from_cfg(half).train()
    Runner.from_cfg(make_config(tmp_path, 'halves', True, resume=True)).train()
    assert_same_state(tmp_path / 'whole/iter_4.pth', tmp_path / 'halves/iter_4.pth')


def test_boxinst_is_burn_in_to_the_end(tmp_path):
    config = make_config(tmp_path, 'boxinst', False, max_iters=2, burn_in=2)
    config.model.pseudo_label_hooks = {}
    del config.default_hooks['teacher']
    runner = Runner.from_cfg(config)
    runner.train()
    assert runner.iter == 2


def test_the_teacher_of_load_from_goes_on_and_so_does_a_resumed_run(tmp_path):
    """Its weights are marked; the class head of the checkpoint is of another size."""
    Runner.from_cfg(make_config(tmp_path, 'first', False, max_iters=1, burn_in=0)).train()
    checkpoint = torch.load(tmp_path / 'first/iter_1.pth', weights_only=False)
    weights = checkpoint['state_dict']
    marked, head = 'teacher.mask_head.mask_feature_head.conv_pred.bias', 'bbox_head.conv_cls'
    weights[marked] = torch.full_like(weights[marked], 7.0)
    for name in [name for name in weights if head in name]:
        weights[name] = torch.cat([weights[name]] * 2)
    torch.save(checkpoint, tmp_path / 'other.pth')

    def go_on(work_dir, resume=False, max_iters=2):
        config = make_config(tmp_path, work_dir, False, resume, max_iters=max_iters, burn_in=0)
        config.load_from = config.get('load_from') or str(tmp_path / 'other.pth')
        # 0.9 without a warm-up; with one, 1/2 and then 2/3.
        config.default_hooks.teacher.update(warm_up=99, warm_up_offset=1)
        Runner.from_cfg(config).train()

    go_on('whole')
    first, last = (torch.load(tmp_path / f'whole/iter_{i}.pth', weights_only=False)['state_dict']
                   for i in (1, 2))
    assert torch.allclose(first[marked], 0.9 * torch.tensor(7.0)
                          + 0.1 * first[marked.replace('teacher', 'student')])
    assert last[marked].mean() > 5
    assert torch.allclose(first[f'teacher.{head}.weight'], first[f'student.{head}.weight'],
                          atol=0.01)
    go_on('halves', max_iters=1)
    go_on('halves', resume=True)
    assert_same_state(tmp_path / 'whole/iter_2.pth', tmp_path / 'halves/iter_2.pth')


def masks_of_box_images(cfg: Config) -> None:
    cfg.train_dataloader.dataset.labeled.update(
        ann_file='annotations/boxes.json', data_prefix=dict(img='boxes/'))


def without_assignment(cfg: Config) -> None:
    cfg.model.pseudo_label_hooks.assign = None


def without_filter(cfg: Config) -> None:
    cfg.model.pseudo_label_hooks.unlabeled_filter = None


def another_detector(cfg: Config) -> None:
    cfg.model.type = 'SemiInstanceSegmentor'


def nothing_to_assign(cfg: Config) -> None:
    cfg.train_dataloader.dataset.boxes = None
    cfg.train_dataloader.batch_sampler.update(boxes=0, unlabeled=2)


@pytest.mark.parametrize('fault, message', [
    pytest.param(masks_of_box_images, '4 images are in both .*labeled and .*boxes',
                 id='masks and boxes of one image'),
    pytest.param(without_assignment, 'has 0 hooks that give them masks', id='no AssignToBoxes'),
    pytest.param(without_filter, 'Add a filter', id='unfiltered candidates'),
    pytest.param(another_detector, 'model.type="BoxTeacher" alone learns from', id='detector'),
    pytest.param(nothing_to_assign, 'has nothing to do', id='no box labels'),
])
def test_faults_stop_the_run_before_it_starts(tmp_path, fault, message):
    config = make_config(tmp_path, 'faulty', True)
    fault(config)
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(config).train()
