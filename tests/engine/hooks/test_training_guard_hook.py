"""What goes wrong in training is named when it begins."""

import pytest
import torch
from mmdet.models.utils import reweight_loss_dict
from mmengine.structures import InstanceData

from mmssis.engine.hooks import TrainingGuardHook
from mmssis.models.pseudo_labels import DualThresholdFilter

NAN, INF = float('nan'), float('inf')
HEALTHY = dict(sup_loss_cls=torch.tensor(1.), unsup_loss_cls=torch.tensor(1.))


def run_steps(runner, guard, stages, batch, steps=1, outputs=HEALTHY):
    for _ in range(steps):
        guard.before_train_iter(runner, runner.iter)
        runner.model.step(stages)
        guard.after_train_iter(runner, runner.iter, data_batch=batch, outputs=outputs)
        runner.iter += 1


def start(runner, **settings):
    guard = TrainingGuardHook(**settings)
    guard.before_train(runner)
    return guard


@pytest.mark.parametrize('value', [NAN, INF, -INF])
@pytest.mark.parametrize('term, remedy', [
    ('unsup_d3.loss_mask', 'model.unsup_weight'), ('sup_d3.loss_mask', 'clip_grad')])
def test_a_loss_that_is_not_finite_is_named(make_runner, make_batch, value, term, remedy):
    runner = make_runner()
    guard = start(runner)
    with pytest.raises(FloatingPointError) as error:
        run_steps(runner, guard, dict(candidates=[]), make_batch(path='images/bad.jpg'), outputs={
            'loss': torch.tensor(value), term: torch.tensor(value), 'sup_loss_cls': 1.})
    message = str(error.value)
    for part in ('iteration 1', term, 'images/bad.jpg', remedy):
        assert part in message


def test_gap_2_28_weight_0_never_hides_a_nan(make_runner, make_batch):
    runner = make_runner()
    guard = start(runner)
    losses = reweight_loss_dict(dict(unsup_loss_cls=torch.tensor(NAN)), 0.)
    with pytest.raises(FloatingPointError, match='unsup_loss_cls'):
        run_steps(runner, guard, dict(candidates=[]), make_batch(), outputs=losses)


def test_healthy_losses_pass(make_runner, make_batch, caplog):
    runner = make_runner()
    run_steps(runner, start(runner), dict(candidates=[]), make_batch(), steps=3)
    assert not caplog.records


def candidates_of(class_score, logit, size):
    """One candidate with a square mask of size x size cells of stride 4."""
    logits = torch.full((1, 8, 8), -10.)
    logits[:, :size, :size] = logit
    return InstanceData(
        metainfo=dict(input_shape=(32, 32)), labels=torch.zeros(1, dtype=torch.long),
        class_scores=torch.tensor([class_score]), mask_logits=logits)


@pytest.mark.parametrize('candidate, stage', [
    pytest.param(candidates_of(.31, 9., 4), 'class threshold: the best class score of this step '
                 'is 0.310', id='class'),
    pytest.param(candidates_of(.99, .1, 4), 'mask threshold: 1 instances pass', id='mask'),
    pytest.param(candidates_of(.99, 90., 4), 'area', id='area'),
])
def test_a_collapse_names_the_stage(make_runner, make_batch, caplog, candidate, stage):
    runner = make_runner([DualThresholdFilter(min_area=500)])
    guard = start(runner, empty_patience=3)
    stages = dict(candidates=[candidate], DualThresholdFilter=[candidate[:0]])
    run_steps(runner, guard, stages, make_batch(), steps=2)
    assert not caplog.records
    run_steps(runner, guard, stages, make_batch(), steps=3)
    assert len(caplog.records) == 1
    assert stage in caplog.text
    assert not runner.model.keep_trace


def test_a_collapse_in_the_second_hook_of_a_kind_is_named(make_runner, make_batch, caplog):
    runner = make_runner([DualThresholdFilter(min_area=0), DualThresholdFilter(min_area=500)])
    guard = start(runner, empty_patience=2)
    candidate = candidates_of(.99, 90., 4)
    stages = {'candidates': [candidate], 'DualThresholdFilter': [candidate],
              'DualThresholdFilter#2': [candidate[:0]]}
    run_steps(runner, guard, stages, make_batch(), steps=2)
    assert len(caplog.records) == 1 and 'area' in caplog.text


def test_a_collapse_can_stop_training(make_runner, make_batch):
    runner = make_runner()
    guard = start(runner, empty_patience=2, raise_on_collapse=True)
    with pytest.raises(RuntimeError, match='no candidate at all'):
        run_steps(runner, guard, dict(candidates=[InstanceData(labels=torch.zeros(0))]),
                  make_batch(), steps=2)


def test_one_pseudo_label_ends_the_count(make_runner, make_batch, caplog):
    runner = make_runner([DualThresholdFilter()])
    guard = start(runner, empty_patience=3)
    candidate = candidates_of(.9, 9., 4)
    for kept in (candidate[:0], candidate[:0], candidate, candidate[:0], candidate[:0]):
        run_steps(runner, guard, dict(candidates=[candidate], DualThresholdFilter=[kept]),
                  make_batch())
    assert not caplog.records


def test_burn_in_is_no_collapse(make_runner, make_batch, caplog):
    runner = make_runner()
    guard = start(runner, empty_patience=1)
    guard.before_train_iter(runner, 0)
    guard.after_train_iter(runner, 0, data_batch=make_batch(), outputs=HEALTHY)
    assert not caplog.records


def test_unsupervised_losses_that_take_over(make_runner, make_batch, make_instances, caplog):
    runner = make_runner()
    guard = start(runner, empty_patience=2, max_unsup_to_sup=5.)
    run_steps(runner, guard, dict(candidates=[make_instances([(0, 0, 0, 1)])]), make_batch(),
              steps=4, outputs=dict(sup_loss_cls=1., unsup_loss_cls=6.))
    assert len(caplog.records) == 2
    assert '6.0 times the supervised' in caplog.text


def test_more_pseudo_labels_than_labels(make_runner, make_batch, make_instances, caplog):
    runner = make_runner()
    guard = start(runner, empty_patience=2, max_pseudo_to_gt=3.)
    stages = dict(candidates=[make_instances([(0, 0, 0, 1)] * 8)])
    run_steps(runner, guard, stages, make_batch(num_gt=2), steps=2)
    assert '4.0 times as many pseudo labels' in caplog.text


def test_labeled_images_without_instances_are_no_reason_to_warn(
        make_runner, make_batch, make_instances, caplog):
    runner = make_runner()
    guard = start(runner, empty_patience=1)
    run_steps(runner, guard, dict(candidates=[make_instances([(0, 0, 0, 1)])]),
              make_batch(num_gt=0))
    assert not caplog.records


@pytest.mark.parametrize('name', ['empty_patience', 'max_unsup_to_sup', 'max_pseudo_to_gt'])
def test_settings_are_checked(name):
    with pytest.raises(ValueError, match=f'{name} = 0'):
        TrainingGuardHook(**{name: 0})
