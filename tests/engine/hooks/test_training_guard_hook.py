"""What goes wrong in training is named when it begins."""

import sys

import pytest
import torch
from mmengine.structures import InstanceData

from mmssis.engine.hooks import TrainingGuardHook
from mmssis.models.detectors import SemiInstanceSegmentor
from mmssis.models.pseudo_labels import DualThresholdFilter

NAN, INF = float('nan'), float('inf')
HEALTHY = dict(sup_loss_cls=torch.tensor(1.), unsup_loss_cls=torch.tensor(1.))


def run_steps(runner, guard, stages, batch, steps=1, outputs=HEALTHY):
    for _ in range(steps):
        runner.model.step(stages)
        guard.after_train_iter(runner, runner.iter, data_batch=batch, outputs=outputs)
        runner.iter += 1


def start(runner, **settings):
    guard = TrainingGuardHook(**settings)
    guard.before_train(runner)
    return guard


def test_a_loss_that_is_not_finite_is_named(make_runner, make_batch):
    for term, value, remedy in (('unsup_d3.loss_mask', NAN, 'model.unsup_weight'),
                                ('sup_d3.loss_mask', -INF, 'clip_grad')):
        runner = make_runner()
        guard = start(runner)
        with pytest.raises(FloatingPointError) as error:
            run_steps(runner, guard, dict(candidates=[]), make_batch(path='images/bad.jpg'),
                      outputs={'loss': torch.tensor(value), term: torch.tensor(value),
                               'sup_loss_cls': 1.})
        for part in ('iteration 1', term, 'images/bad.jpg', remedy):
            assert part in str(error.value)


def test_gap_2_28_weight_0_never_hides_a_nan(make_runner, make_batch):
    runner = make_runner()
    guard = start(runner)
    losses = SemiInstanceSegmentor.weigh('unsup_', dict(loss_cls=torch.tensor(NAN)), 0.)
    with pytest.raises(FloatingPointError, match='unsup_loss_cls(.|\n)*Only unsupervised terms'):
        run_steps(runner, guard, dict(candidates=[]), make_batch(), outputs=losses)


def test_healthy_losses_and_burn_in_pass(make_runner, make_batch, caplog):
    runner = make_runner()
    guard = start(runner, empty_patience=1)
    guard.after_train_iter(runner, 0, data_batch=make_batch(), outputs=HEALTHY)
    assert not caplog.records, 'without stages it is burn-in'
    guard.after_train(runner)
    assert not runner.model.listeners


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
    runner = make_runner(dict(ddtf=DualThresholdFilter(min_area=500)))
    guard = start(runner, empty_patience=3)
    stages = dict(candidates=[candidate], ddtf=[candidate[:0]])
    references = sys.getrefcount(stages['ddtf'])  # outside of asserts, which keep some
    run_steps(runner, guard, stages, make_batch(), steps=2)
    assert not caplog.records
    run_steps(runner, guard, stages, make_batch(), steps=3)
    assert len(caplog.records) == 1
    assert f'model.pseudo_label_hooks.ddtf at the {stage}' in caplog.text
    references -= sys.getrefcount(stages['ddtf'])
    assert references == 0


def test_a_collapse_in_a_later_hook_that_is_no_filter_is_named(make_runner, make_batch, caplog):
    runner = make_runner(dict(ddtf=DualThresholdFilter(min_area=0), mine=torch.nn.Identity()))
    guard = start(runner, empty_patience=2)
    candidate = candidates_of(.99, 90., 4)
    stages = dict(candidates=[candidate], ddtf=[candidate], mine=[candidate[:0]])
    run_steps(runner, guard, stages, make_batch(), steps=2)
    assert len(caplog.records) == 1
    assert 'pseudo_label_hooks.mine (Identity) dropped all 1 instances' in caplog.text


def test_a_teacher_without_candidates_is_named(make_runner, make_batch, caplog):
    runner = make_runner()
    guard = start(runner, empty_patience=2)
    run_steps(runner, guard, dict(candidates=[InstanceData(labels=torch.zeros(0))]), make_batch(),
              steps=2)
    assert 'no candidate at all' in caplog.text


def test_one_pseudo_label_ends_the_count(make_runner, make_batch, caplog):
    runner = make_runner(dict(ddtf=DualThresholdFilter()))
    guard = start(runner, empty_patience=3)
    candidate = candidates_of(.9, 9., 4)
    for kept in (candidate[:0], candidate[:0], candidate, candidate[:0], candidate[:0]):
        run_steps(runner, guard, dict(candidates=[candidate], ddtf=[kept]), make_batch())
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
    run_steps(runner, guard, stages, make_batch(num_gt=0), steps=2)
    assert not caplog.records, 'labeled images without instances are no reason to warn'
    run_steps(runner, guard, stages, make_batch(num_gt=2), steps=2)
    assert '4.0 times as many pseudo labels' in caplog.text
