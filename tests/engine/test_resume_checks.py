"""A checkpoint that lacks a part of a run, or has it otherwise, is told apart by that part."""

import copy
import math
from types import SimpleNamespace
from typing import Any, Callable, Dict

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim import OptimWrapper
from torch import nn

from mmssis.engine.burn_in import BURN_IN_END
from mmssis.engine.checkpoint_rules import take_over_best
from mmssis.engine.resume_checks import resume_faults
from mmssis.engine.run_record import RECORD, changed_settings, run_record


class Hook(nn.Module):
    """A pseudo-label hook with a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('thrs', torch.zeros(3))


class Detector(nn.Module):
    """Two branches of one layer, and hooks."""

    def __init__(self, **hooks: nn.Module) -> None:
        super().__init__()
        self.student, self.teacher = nn.Linear(2, 3), nn.Linear(2, 3)
        self.pseudo_label_hooks = nn.ModuleDict(hooks)
        self.burn_in = 2


def make_run(steps: int = 0, counts: int = 1, optimizer: type = torch.optim.AdamW,
             **hooks: nn.Module) -> SimpleNamespace:
    """What is read of a runner, after some steps of its optimizer."""
    torch.manual_seed(0)
    model = Detector(**(hooks or dict(adaptive=Hook())))
    wrapper = OptimWrapper(optimizer(model.student.parameters(), lr=0.1),
                           accumulative_counts=counts)
    for _ in range(steps):
        model.student(torch.ones(1, 2)).sum().backward()
        wrapper.optimizer.step()
    data = SimpleNamespace(dataset=SimpleNamespace(metainfo=dict(classes=('a', 'b'))))
    return SimpleNamespace(
        model=model, optim_wrapper=wrapper, param_schedulers=[], train_dataloader=data,
        train_loop=None, max_iters=10, world_size=1,
        cfg=dict(model=dict(burn_in=2), randomness=dict(seed=0)))


def make_checkpoint(iteration: int = 4, **options: Any) -> Dict[str, Any]:
    run = make_run(iteration, **options)
    return dict(
        meta=dict(iter=iteration, epoch=0, dataset_meta=dict(classes=('a', 'b')),
                  **{RECORD: run_record(run)}),
        state_dict=run.model.state_dict(), optimizer=run.optim_wrapper.state_dict(),
        param_schedulers=[], message_hub=dict(
            log_scalars=dict(loss=HistoryBuffer([1.], [1])), runtime_info={}, resumed_keys={}))


def drop(*path: Any) -> Callable[[dict], None]:
    def damage(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        del content[path[-1]]
    return damage


def put(value: Any, *path: Any) -> Callable[[dict], None]:
    def damage(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value
    return damage


MISFITS = {
    'no optimizer': (drop('optimizer'), 'optimizer is missing'),
    'no schedulers': (drop('param_schedulers'), 'param_schedulers is missing'),
    'no log': (drop('message_hub'), 'message_hub is missing'),
    'no meta': (drop('meta'), 'meta is missing'),
    'weights are a list': (put([], 'state_dict'), 'state_dict is damaged'),
    'no iteration': (drop('meta', 'iter'), 'meta.iter = None is no count'),
    'iteration is true': (put(True, 'meta', 'iter'), 'meta.iter = True'),
    'negative epoch': (put(-1, 'meta', 'epoch'), 'meta.epoch = -1'),
    'student': (drop('state_dict', 'student.bias'), '(1 weights): student.bias is missing'),
    'teacher': (put(torch.ones(4), 'state_dict', 'teacher.bias'),
                'teacher.bias is (4,) in the checkpoint, (3,) in the config'),
    'no tensor': (put(3, 'state_dict', 'teacher.bias'), 'teacher.bias is no tensor'),
    'hook': (drop('state_dict', 'pseudo_label_hooks.adaptive.thrs'), 'adaptive.thrs is missing'),
    'left over': (put(torch.ones(1), 'state_dict', 'student.x'), 'student.x is not in the config'),
    'unknown buffer': (put(torch.ones(1), 'state_dict', 'pseudo_label_hooks.adaptive.x'),
                       'adaptive.x is not in the config'),
    'no groups': (drop('optimizer', 'param_groups'), 'optimizer.param_groups is missing'),
    'two groups': (put([{}, {}], 'optimizer', 'param_groups'), 'are 2, 1 in the config'),
    'fewer in a group': (put([0], 'optimizer', 'param_groups', 0, 'params'), 'has 1 weights, 2'),
    'state shape': (put(torch.ones(3, 3), 'optimizer', 'state', 0, 'exp_avg'),
                    'optimizer.state[0].exp_avg is (3, 3), its weight (3, 2)'),
    'half a state': (drop('optimizer', 'state', 1, 'exp_avg_sq'), 'state[1] lacks exp_avg_sq'),
    'one state gone': (drop('optimizer', 'state', 1), 'that of 1 weights, not of 2'),
    'state of nothing': (put({}, 'optimizer', 'state', 7), 'state[7] belongs to no weight'),
    'more schedulers': (put([{}], 'param_schedulers'), 'param_schedulers are not those'),
    'half a log': (drop('message_hub', 'runtime_info'), 'message_hub.runtime_info is missing'),
    'no history': (put([1], 'message_hub', 'log_scalars', 'loss'), "['loss'] is no history"),
    'other class': (put(('a', 'c'), 'meta', 'dataset_meta', 'classes'), "class 1 is 'c'"),
    'more classes': (put(('a', 'b', 'c'), 'meta', 'dataset_meta', 'classes'), 'on 3 classes'),
}


@pytest.mark.parametrize('name', MISFITS)
def test_each_part_is_missed(name) -> None:
    damage, message = MISFITS[name]
    checkpoint, run = copy.deepcopy(make_checkpoint()), make_run()
    damage(checkpoint)
    before = copy.deepcopy(run.model.state_dict())
    assert message in '; '.join(resume_faults(checkpoint, run))
    assert all(torch.equal(before[key], value) for key, value in run.model.state_dict().items())


def test_what_fits_is_taken() -> None:
    assert resume_faults(make_checkpoint(), make_run()) == []
    other = resume_faults(make_checkpoint(), make_run(optimizer=torch.optim.Adagrad))
    assert other == []  # not known what it keeps
    plain = make_checkpoint(optimizer=torch.optim.Adagrad)
    assert 'holds step, sum, the optimizer of the config keeps exp_avg' in (
        resume_faults(plain, make_run())[0])
    plain = make_checkpoint(optimizer=torch.optim.SGD)
    assert resume_faults(plain, make_run(optimizer=torch.optim.SGD)) == []
    del plain['meta'][RECORD]  # of an earlier version
    assert resume_faults(plain, make_run(optimizer=torch.optim.SGD)) == []
    forgotten = make_checkpoint()
    del forgotten['meta'][RECORD]
    forgotten['optimizer']['state'] = {}
    assert resume_faults(forgotten, make_run()) == ['optimizer.state is empty']


def test_hooks_may_be_added_until_they_would_have_learned() -> None:
    both = dict(adaptive=Hook(), other=Hook())
    assert resume_faults(make_checkpoint(2), make_run(**both)) == []
    assert 'other.thrs is missing' in resume_faults(make_checkpoint(3), make_run(**both))[0]
    assert resume_faults(make_checkpoint(3, **both), make_run()) == []
    # A burn-in of no fixed length: the checkpoint says that it has ended.
    for ended, fits in ((math.inf, True), (3, True), (2, False)):
        checkpoint, run = make_checkpoint(3), make_run(**both)
        run.model.burn_in = math.inf
        checkpoint['message_hub']['runtime_info'][BURN_IN_END] = ended
        assert (resume_faults(checkpoint, run) == []) is fits, ended


def test_iterations_inside_an_accumulation_period_are_refused() -> None:
    for iteration, fits in ((4, True), (3, False), (10, True)):
        faults = resume_faults(make_checkpoint(iteration, counts=4), make_run(counts=4))
        assert (not faults) is fits, iteration
    assert 'iteration 3 lies inside' in resume_faults(make_checkpoint(3), make_run(counts=2))[0]


def test_other_settings_are_named() -> None:
    run = make_run()
    record = run_record(run)
    assert changed_settings(record, run) == []
    run.world_size = 4
    run.cfg = dict(model=dict(burn_in=5, init_cfg='x'), randomness=dict(seed=0),
                   train_dataloader=dict(batch_size=2, num_workers=3), work_dir='x')
    assert changed_settings(record, run) == [
        "number of processes: 4 now, 1 in the checkpoint's run",
        "model.burn_in: 5 now, 2 in the checkpoint's run",
        "train_dataloader.batch_size: 2 now, not set in the checkpoint's run"]
    run.cfg = dict(model={str(i): i for i in range(50)})
    lines = changed_settings(record, run)
    assert len(lines) == 20 and lines[-1] == '... and 34 more'
    for damaged in (None, {}, dict(settings='{', world_size=1), dict(settings=3, world_size=1)):
        assert changed_settings(damaged, run) == []


def test_only_files_of_the_own_folder_are_counted_as_best(tmp_path) -> None:
    elsewhere = '/other/best_iter_3.pth'
    info = dict(best_ckpt=elsewhere, best_score=0.5, keep_ckpt_ids=['../x'], epoch=1)
    take_over_best(info, tmp_path)
    assert info == dict(epoch=1)
    (tmp_path / 'best_iter_3.pth').touch()
    info = dict(best_ckpt_a=elsewhere, best_score_a=0.5, keep_ckpt_ids=[3, 6])
    take_over_best(info, tmp_path)
    assert info == dict(best_ckpt_a=str(tmp_path / 'best_iter_3.pth'), best_score_a=0.5,
                        keep_ckpt_ids=[3, 6])
