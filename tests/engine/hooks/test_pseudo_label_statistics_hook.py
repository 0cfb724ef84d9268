"""Every logged number, said by hand for two images."""

import json
import sys

import pytest
import torch

from mmssis.engine.hooks import PseudoLabelStatisticsHook

META = dict(img_path='images/a.jpg')


def logged(runner):
    """Name to last value of the logged pseudo-label scalars."""
    prefix = 'train/pseudo/'
    return {name[len(prefix):]: buffer.current()
            for name, buffer in runner.message_hub.log_scalars.items() if name.startswith(prefix)}


def run_step(runner, hook, stages, outputs=None, metas=None):
    """One iteration of the runner whose pseudo-label stages gave these instances."""
    hook.before_train_iter(runner, runner.iter)
    if stages:
        runner.model.step(stages, metas or [META] * len(stages['candidates']))
    hook.after_train_iter(runner, runner.iter, outputs=outputs)
    runner.iter += 1


@pytest.fixture
def start(make_runner):
    """A runner with one pseudo-label hook, and the engine hook that listens to it."""

    def begin(interval=1, hooks=('ddtf',), classes=('cat', 'dog'), **settings):
        runner = make_runner({name: torch.nn.Identity() for name in hooks}, classes)
        hook = PseudoLabelStatisticsHook(interval, **settings)
        hook.before_train(runner)
        return runner, hook

    return begin


@pytest.fixture
def stages(make_instances):
    """Two images: five candidates and none; the filter keeps two, of which one is corrected."""
    final = make_instances([(0, 0, 0, 4), (1, 8, 8, 4)], class_score=.9, mask_score=.8)
    final.teacher_labels = torch.tensor([0, 0])
    final.pixel_weights = torch.full((2, 4, 4), .75)
    return dict(candidates=[make_instances([(0, 0, 0, 1)] * 5), make_instances([])],
                ddtf=[final, make_instances([])])


def test_gap_2_32_numbers_of_two_images(start, stages):
    runner, hook = start()
    outputs = {
        'loss': torch.tensor(9.), 'sup_loss_cls': torch.tensor(2.), 'sup_d0.loss_mask': 2.,
        'unsup_loss_cls': torch.tensor(1.), 'sup_accuracy': 7.}
    names = list(outputs)
    run_step(runner, hook, stages, outputs)
    assert list(outputs) == names, 'the numbers never reach the summed losses'
    assert not any('loss' in name for name in logged(runner))
    assert logged(runner) == pytest.approx({
        'instances_per_image': 1., 'kept/ddtf': .4, 'class_score': .9, 'mask_score': .8,
        'labels_changed': .5, 'uncertainty': .25, 'unsup_to_sup': .25, 'class/cat': 1.,
        'class/dog': 1.})


def test_shares_cover_all_steps_since_the_last_log(start, make_instances, stages):
    runner, hook = start(interval=2)
    run_step(runner, hook, dict(candidates=[make_instances([(0, 0, 0, 1)] * 5)],
                                ddtf=[make_instances([])]))
    assert not logged(runner)
    run_step(runner, hook, stages)
    assert logged(runner)['kept/ddtf'] == pytest.approx(.2)
    assert logged(runner)['instances_per_image'] == pytest.approx(2 / 3)


def test_it_keeps_nothing_of_a_step_and_listens_while_training_runs(start, stages):
    runner, hook = start(interval=2)
    counts = [sys.getrefcount(stages['ddtf'])]
    for _ in range(4):
        run_step(runner, hook, stages)
        counts.append(sys.getrefcount(stages['ddtf']))
    assert len(set(counts)) == 1
    hook.after_train(runner)
    assert not runner.model.listeners
    hook.before_train(runner)
    hook.before_train(runner)  # of the run after one that was interrupted
    assert len(runner.model.listeners) == 1


def test_burn_in_logs_nothing_and_no_pseudo_label_leaves_means_out(start, make_instances):
    runner, hook = start()
    run_step(runner, hook, None, outputs=dict(sup_loss_cls=torch.tensor(1.)))
    assert not logged(runner)
    run_step(runner, hook, dict(candidates=[make_instances([(0, 0, 0, 1)])],
                                ddtf=[make_instances([])]))
    assert logged(runner) == {
        'instances_per_image': 0., 'kept/ddtf': 0., 'class/cat': 0., 'class/dog': 0.}


def test_many_classes_are_one_line_of_text(start, make_instances, caplog):
    runner, hook = start(hooks=(), classes=[f'class{i}' for i in range(21)])
    with caplog.at_level('INFO'):
        run_step(runner, hook, dict(candidates=[make_instances([(3, 0, 0, 1)] * 2)]))
    assert 'class3 2' in caplog.text
    assert not any(name.startswith('class/') for name in logged(runner))


@pytest.fixture
def hidden(tmp_path):
    """Annotations of one image with one cat."""
    square = [[0, 0, 8, 0, 8, 8, 0, 8]]
    path = tmp_path / 'hidden.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='a.jpg', height=16, width=16)],
        annotations=[dict(id=1, image_id=1, category_id=1, bbox=[0, 0, 8, 8],
                          segmentation=square)],
        categories=[dict(id=1, name='cat'), dict(id=2, name='dog')])))
    return str(path)


def test_hidden_ground_truth(start, make_instances, hidden):
    runner, hook = start(hooks=(), hidden_ann_file=hidden)
    found = make_instances([(0, 0, 0, 8), (1, 8, 8, 8)])
    run_step(runner, hook, dict(candidates=[found, found]),
             metas=[META, dict(img_path='images/unknown.jpg')])
    numbers = logged(runner)
    assert numbers['precision'] == .5 and numbers['recall'] == 1. and numbers['mask_iou'] == 1.
    assert numbers['type/Cor'] == .5 and numbers['type/BG'] == .5


def test_quality_covers_all_steps_since_the_last_log(start, make_instances, hidden):
    """By hand: 1 of 1 right, nothing, 0 of 3 right: precision 1 / 4, recall 1 / 3."""
    runner, hook = start(interval=3, hooks=(), hidden_ann_file=hidden)
    for found in ([(0, 0, 0, 8)], [], [(1, 8, 8, 8)] * 3):
        assert not logged(runner)
        run_step(runner, hook, dict(candidates=[make_instances(found)]))
    numbers = logged(runner)
    assert numbers['precision'] == .25 and numbers['recall'] == pytest.approx(1 / 3)
    assert numbers['type/Cor'] == .25 and numbers['type/BG'] == .75
    for _ in range(3):
        run_step(runner, hook, dict(candidates=[make_instances([])]))
    assert logged(runner)['recall'] == 0, 'the next interval begins from nothing'


def test_another_detector_is_refused(make_runner):
    runner = make_runner()
    runner.model = torch.nn.Linear(1, 1)
    with pytest.raises(TypeError, match='SemiInstanceSegmentor'):
        PseudoLabelStatisticsHook().before_train(runner)
