"""The teacher's moving average, against loops written from the definition."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import EMAHook
from mmengine.optim import OptimWrapper
from torch import nn

from mmssis.engine.hooks import TeacherEMAHook


class Pair(nn.Module):
    """A student and a teacher with trainable, frozen and normalisation tensors."""

    predict_on = 'teacher'

    def __init__(self, burn_in=2):
        super().__init__()
        self.student, self.teacher = (
            nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 3)) for _ in 'st')
        for module in (self.student, self.teacher):
            module[2].requires_grad_(False)
        self.burn_in = burn_in


def make_runner(model, iteration=0, accumulative_counts=1):
    trainable = [p for p in model.student.parameters() if p.requires_grad]
    wrapper = OptimWrapper(torch.optim.SGD(trainable, lr=0.1),
                           accumulative_counts=accumulative_counts)
    return SimpleNamespace(model=model, iter=iteration, optim_wrapper=wrapper, hooks=[])


def train(runner, hook, steps):
    """What mmengine's loop does around an iteration."""
    hook.before_train(runner)
    for _ in range(steps):
        hook.before_train_iter(runner, 0)
        loss = runner.model.student(torch.randn(8, 3)).square().sum()
        runner.optim_wrapper.update_params(loss)
        hook.after_train_iter(runner, 0)
        runner.iter += 1


def test_burn_in_then_copy_then_moving_average():
    model = Pair(burn_in=2)
    runner, hook = make_runner(model), TeacherEMAHook(momentum=0.9)
    random_teacher = {k: v.clone() for k, v in model.teacher.state_dict().items()}
    train(runner, hook, 2)
    assert all(torch.equal(v, random_teacher[k]) for k, v in model.teacher.state_dict().items())
    expected = {k: v.clone().double() for k, v in model.student.state_dict().items()}
    for _ in range(5):
        train(runner, hook, 1)
        for name, value in model.student.state_dict().items():
            expected[name] = (value.double() if 'num_batches' in name else
                              0.9 * expected[name] + 0.1 * value.double())
    assert hook.ready
    for name, value in model.teacher.state_dict().items():
        assert torch.allclose(value.double(), expected[name], atol=1e-6), name


def test_gap_2_19_batch_norm_statistics_reach_the_teacher_and_frozen_tensors_do_not_drift():
    model = Pair(burn_in=0)
    train(make_runner(model), TeacherEMAHook(momentum=0.51), 30)
    assert torch.equal(model.teacher[2].weight, model.student[2].weight)
    assert torch.allclose(model.teacher[1].running_mean, model.student[1].running_mean, atol=0.05)
    assert model.teacher[1].num_batches_tracked == 30


@pytest.mark.parametrize('burn_in, resumed_at, counts, shares', [
    pytest.param(0, 0, 1, [1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 7], id='every step'),
    pytest.param(0, 0, 3, [1 / 2, 1 / 3], id='every third step'),
    pytest.param(3, 0, 3, [1 / 2], id='after burn-in'),
    pytest.param(2, 0, 3, [1 / 2, 1 / 3], id='burn-in ends between two steps'),
    pytest.param(0, 3, 3, [1 / 3], id='resumed'),
    pytest.param(0, 0, 4, [1 / 2, 1 / 3], id='the last iteration steps in any case'),
])
def test_gap_2_20_updates_and_warm_up_follow_optimizer_steps(
        monkeypatch, burn_in, resumed_at, counts, shares):
    """Else four accumulated iterations would leave the random start in PAIS's teacher."""
    model, seen = Pair(burn_in=burn_in), []
    hook = TeacherEMAHook(momentum=0.999, warm_up=999, warm_up_offset=1)
    monkeypatch.setattr(hook, 'update', seen.append)
    runner = make_runner(model, iteration=resumed_at, accumulative_counts=counts)
    runner.optim_wrapper.initialize_count_status(model, resumed_at, 6)
    train(runner, hook, 6 - resumed_at)
    assert seen == pytest.approx(shares)


def test_gap_2_20_teacher_and_student_must_have_the_same_tensors():
    model = Pair()
    model.student.add_module('extra', nn.Linear(2, 2))
    with pytest.raises(ValueError, match='extra'):
        TeacherEMAHook().before_train(make_runner(model))


def test_resume_does_not_copy_again():
    model = Pair(burn_in=2)
    before = model.teacher[0].weight.clone()
    hook = TeacherEMAHook(momentum=0.9)
    runner = make_runner(model, iteration=7)
    hook.before_train(runner)
    hook.before_train_iter(runner, 0)
    assert hook.ready and torch.equal(model.teacher[0].weight, before)


def test_in_burn_in_checkpoints_and_validation_show_the_student():
    model = Pair(burn_in=5)
    runner, hook = make_runner(model), TeacherEMAHook()
    train(runner, hook, 1)
    checkpoint = dict(state_dict=dict(model.state_dict()))
    hook.before_save_checkpoint(runner, checkpoint)
    state = checkpoint['state_dict']
    assert all(torch.equal(state[k], state[k.replace('teacher', 'student')])
               for k in state if k.startswith('teacher.'))
    hook.before_val(runner)
    assert torch.equal(model.teacher[0].weight, model.student[0].weight)


def test_validation_alone_leaves_the_teacher():
    """Testing a checkpoint must not overwrite the teacher it holds."""
    model = Pair()
    before = model.teacher[0].weight.clone()
    TeacherEMAHook().before_val(make_runner(model))
    assert torch.equal(model.teacher[0].weight, before)


def test_warm_up():
    for step, momentum in ((1, 1 / 11), (90, 0.9), (101, 0.99)):
        assert TeacherEMAHook(0.99, warm_up=100).momentum_at(step) == pytest.approx(momentum)
    # Released code of PAIS: min(0.999, 1 - 1 / (t + 1)) at its update t, which follows our step t.
    hook = TeacherEMAHook(0.999, warm_up=999, warm_up_offset=1)
    for step in (1, 998, 999, 1000):
        assert hook.momentum_at(step) == pytest.approx(min(0.999, 1 - 1 / (step + 1)))


def test_two_moving_averages_are_refused():
    for other in (TeacherEMAHook(), EMAHook()):
        runner = make_runner(Pair())
        runner.hooks = [hook := TeacherEMAHook(), other]
        with pytest.raises(ValueError, match=f'and {type(other).__name__} would both'):
            hook.before_train(runner)


@pytest.mark.parametrize('burn_in, prefix, kept', [
    pytest.param(0, 'teacher.', True, id='a teacher goes on'),
    pytest.param(2, 'teacher.', False, id='burn-in replaces it'),
    pytest.param(0, '', False, id="a plain detector's weights are in both branches"),
])
def test_the_teacher_of_load_from_goes_on_without_burn_in(burn_in, prefix, kept):
    """COCO's teacher, then 8 classes in place of 80: the last layer is another, the rest fits."""
    model = Pair(burn_in=burn_in)
    for value in model.teacher[0].parameters():
        value.data.fill_(7.0)
    weights = {f'{prefix}{name}': value for name, value in model.teacher.state_dict().items()}
    weights[f'{prefix}2.weight'] = torch.zeros(80, 3)
    runner, hook = make_runner(model), TeacherEMAHook(momentum=0.9, warm_up=99, warm_up_offset=1)
    runner._resume = False
    hook.after_load_checkpoint(runner, dict(state_dict=weights))
    hook.before_train(runner)
    runner.iter = burn_in
    hook.before_train_iter(runner, 0)
    student = model.student[0].weight.clone()
    assert model.teacher[0].weight.allclose(torch.full_like(student, 7.0) if kept else student)
    assert torch.equal(model.teacher[2].weight, model.student[2].weight)
    # 0.9 * 7 + 0.1 * 5 = 6.8; in the warm-up, which is for new teachers, half and half: 6.0.
    model.teacher[0].weight.data.fill_(7.0)
    model.student[0].weight.data.fill_(5.0)
    hook.after_train_iter(runner, 0)
    assert model.teacher[0].weight.mean().item() == pytest.approx(6.8 if kept else 6.0)
    checkpoint = dict(state_dict={})
    hook.before_save_checkpoint(runner, checkpoint)
    resumed, runner._resume = TeacherEMAHook(momentum=0.9, warm_up=99), True
    resumed.after_load_checkpoint(runner, checkpoint)
    assert resumed.goes_on == kept


def test_a_loaded_teacher_that_equals_its_student_is_new():
    """So is that of a supervised run: the warm-up is for it."""
    model = Pair(burn_in=0)
    model.teacher.load_state_dict(model.student.state_dict())
    runner, hook = make_runner(model), TeacherEMAHook(momentum=0.9)
    runner._resume = False
    hook.after_load_checkpoint(runner, dict(state_dict=dict(model.state_dict())))
    assert not hook.goes_on


def test_a_loaded_teachers_frozen_tensors_follow_the_students():
    model = Pair(burn_in=0)
    runner, hook = make_runner(model), TeacherEMAHook(momentum=0.9)
    runner._resume = False
    model.teacher[2].weight.data.fill_(1.0)
    model.student[2].weight.data.fill_(0.0)
    hook.after_load_checkpoint(runner, dict(state_dict=dict(model.state_dict())))
    train(runner, hook, 2)
    assert model.teacher[2].weight.mean().item() == pytest.approx(0.81)
