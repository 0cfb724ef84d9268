"""Burn-in that ends itself, and the warning of one that ends too early."""

from collections import Counter
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from test_resume import assert_same_state
from torch import nn
from toy import bare_sample, labeled_sample, toy_config

from mmssis.datasets.held_out import draw_held_out, draw_images, indices_of_images
from mmssis.engine.burn_in import count_right_labels, precision_and_recall
from mmssis.models.pseudo_labels import ClassThresholdFilter

# Any label will do, so that burn-in ends after two measurements.
EASY = dict(type='BurnInHook', precision=0.0, recall=0.0, interval=1, hold=2, held_out=0.0)
ENDS_AT, ITERS = 2, 4


def run(root, name, burn_in, hook, max_iters=ITERS, resume=None, **settings):
    """Train in the toy world with a checkpoint after each iteration."""
    config = toy_config(root, max_iters, burn_in, write=not (root / 'labeled').exists(), **settings)
    config.update(work_dir=str(root / name), experiment_name=f'{name}-{max_iters}-{resume}',
                  resume=resume is not None,
                  load_from=None if resume is None else str(root / name / f'iter_{resume}.pth'))
    config['default_hooks']['checkpoint'].update(interval=1, max_keep_ckpts=-1)
    config['train_cfg']['val_interval'] = 100
    config['train_dataloader'].update(num_workers=2 if resume else 0)
    if hook is not None:
        config['default_hooks']['burn_in'] = hook
    runner = Runner.from_cfg(Config(config, format_python_code=False))
    runner.train()
    return runner


def warnings(capsys, text):
    """Lines of the log with a text."""
    return [line for line in capsys.readouterr().out.splitlines() if text in line]


def same_numbers(root, one, other):
    assert_same_state(root / one / f'iter_{ITERS}.pth', root / other / f'iter_{ITERS}.pth')


def test_a_burn_in_that_ends_itself_equals_one_of_that_length_also_when_resumed(tmp_path):
    """What workers had fetched ahead is drawn anew; measuring moves nothing."""
    torch.set_num_threads(1)
    run(tmp_path, 'fixed', ENDS_AT, None)
    assert run(tmp_path, 'auto', 'auto', EASY).model.burn_in == ENDS_AT
    same_numbers(tmp_path, 'fixed', 'auto')
    for iteration in (1, ENDS_AT, 3):  # between the measurements, at the end of burn-in, after it
        run(tmp_path, 'auto', 'auto', EASY, resume=iteration)
        same_numbers(tmp_path, 'fixed', 'auto')


def test_a_fixed_burn_in_is_judged_at_its_end_and_left_as_it_is(tmp_path, capsys):
    torch.set_num_threads(1)
    run(tmp_path, 'unjudged', ENDS_AT, None)
    run(tmp_path, 'judged', ENDS_AT, dict(type='BurnInHook', precision=1.0))
    same_numbers(tmp_path, 'unjudged', 'judged')
    said, = warnings(capsys, 'ends too early')
    assert 'after 2 iterations: of ' in said and ' labels on 4 labeled images' in said
    assert '(target 1.0)' in said and "schedule.burn_in='auto'" in said


def test_targets_that_are_never_reached_leave_a_supervised_run_with_a_word(tmp_path, capsys):
    hook = dict(type='BurnInHook', interval=1, hold=1, precision=1.0)
    runner = run(tmp_path, 'never', 'auto', hook, num_labeled=10)
    assert runner.model.in_burn_in
    sampler = runner.train_dataloader.batch_sampler
    assert len(sampler.held_out) == 2  # a fifth of ten
    said = warnings(capsys, 'has not ended')
    assert len(said) == 2 and 'Half of the run' in said[0] and '2 held-out images' in said[0]
    assert 'was a supervised run' in said[1]


@pytest.mark.parametrize('hook, settings, message', [
    pytest.param(None, {}, 'nothing ends it', id='no hook'),
    pytest.param(dict(EASY, interval=2), {}, 'lower default_hooks.burn_in.interval', id='no time'),
    pytest.param(EASY, dict(hooks=dict(pmua=dict(type='MaskUncertainty'))), 'give a filter',
                 id='no filter'),
])
def test_a_burn_in_that_could_not_end_is_refused(tmp_path, hook, settings, message):
    with pytest.raises(ValueError, match=message):
        run(tmp_path, 'refused', 'auto', hook, **settings)


class CraftedTeacher:
    """Three candidates: the first square of ``labeled_sample``, the second of a wrong class, and
    one that the filter drops."""

    def __call__(self, teacher, images, data_samples):
        masks = torch.from_numpy(labeled_sample().gt_instances.masks.masks).bool()
        masks = torch.cat([masks, masks[:1]])
        return [InstanceData(
            metainfo=dict(input_shape=(64, 64)), labels=torch.tensor([0, 2, 0]),
            class_scores=torch.tensor([.9, .9, .1]), mask_logits=masks.float() * 20 - 10)
            for _ in data_samples]

    def release(self):
        pass


def test_precision_and_recall_of_what_the_filter_keeps():
    hooks = nn.ModuleDict(dict(class_filter=ClassThresholdFilter(0.5)))
    hooks.train()
    detector = SimpleNamespace(
        pseudo_label_hooks=hooks, teacher=nn.Linear(1, 1), candidates=CraftedTeacher(),
        data_preprocessor=lambda data, training: data,
        context_of=lambda images, samples: SimpleNamespace(box_labels=[None] * len(samples)))
    samples = [labeled_sample(), labeled_sample(labels=(0, 1, 1)), bare_sample()]
    samples[2].gt_instances = labeled_sample(labels=()).gt_instances
    views = [dict(inputs=dict(sup=torch.zeros(3, 64, 64)), data_samples=dict(sup=sample))
             for sample in samples]
    # Labels 2 + 2 + 2, true instances 2 + 3 + 0, right 1 + 1 + 0.
    counts = count_right_labels(detector, views, batch_size=2)
    assert counts[:3].tolist() == [6, 5, 2] and hooks.training
    assert precision_and_recall(counts) == (2 / 6, 2 / 5)
    assert precision_and_recall(torch.zeros(6)) == (None, 0)


def test_held_out_images_leave_every_class_an_image():
    draw = partial(draw_held_out, share=0.5, most=40, seed=0)
    common = [{0}] * 9
    # Class 1 is on one image alone, and one image is empty.
    classes = [*common, {0, 1}, set()]
    chosen = draw(classes)
    assert len(chosen) == 6 and not {9, 10} & set(chosen)
    left = Counter(label for i, image in enumerate(classes) if i not in chosen for label in image)
    assert left == {0: 4, 1: 1}
    assert draw(common) == [], '9 images are too few'
    assert len(draw([{0}] * 200)) == 40 and 10 not in draw_images(classes, 40, 0)


def test_an_image_that_a_data_set_repeats_is_held_out_whole():
    paths = ['a.jpg', 'b.jpg', 'a.jpg']
    repeated = type('Repeated', (), dict(
        __len__=lambda self: 3, get_data_info=lambda self, i: dict(img_path=paths[i])))()
    assert indices_of_images(repeated) == [[0, 2], [1]]
