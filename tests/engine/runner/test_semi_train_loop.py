"""SemiTrainLoop and IterationSeedHook: resuming repeats an uninterrupted run and reads no more."""

import random
import tempfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from mmssis.engine.hooks import IterationSeedHook
from mmssis.engine.runner import SemiTrainLoop
from mmssis.models.detectors import SemiInstanceSegmentor

BURN_IN = 2


class NoisyModel(SemiInstanceSegmentor):
    """One weight whose path depends on the data, on its order and on random numbers."""

    def __init__(self):
        BaseModel.__init__(self)
        self.student, self.teacher = (nn.Linear(1, 1, bias=False) for _ in 'st')
        nn.init.zeros_(self.student.weight)
        self.burn_in, self.ends_burn_in_itself, self.predict_on = BURN_IN, False, 'teacher'
        self.seen = []

    def forward(self, inputs, data_samples, mode):
        images = [t for branch in sorted(inputs) for t in inputs[branch] if t is not None]
        value = sum(image.double().mean() for image in images).float()
        self.seen.append((round(value.item(), 3), len(images), self.in_burn_in, self.progress))
        noise = torch.rand(1) + random.random() + np.random.rand()
        return dict(loss=self.student.weight.sum() * value * noise)


def run(semi_data, work_dir, max_iters, num_workers=0, resume=False, seed=0,
        with_teacher=True):
    runner = Runner(
        model=NoisyModel(), work_dir=str(work_dir), resume=resume, default_scope='mmdet',
        experiment_name=f'{work_dir.name}-{max_iters}', log_level='ERROR',
        randomness=dict(seed=seed),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.001, momentum=0.9)),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=3),
            seed=dict(type='IterationSeedHook'),
            **(dict(teacher=dict(type='TeacherEMAHook')) if with_teacher else {})),
        train_cfg=dict(type='SemiTrainLoop', max_iters=max_iters),
        train_dataloader=dict(
            batch_size=4, num_workers=num_workers, dataset=semi_data,
            sampler=dict(type='DefaultSampler', shuffle=False),
            batch_sampler=dict(type='SemiBatchSampler', labeled=2, unlabeled=2)))
    return runner, runner.train()


@pytest.mark.parametrize('seed, num_workers', [
    pytest.param(None, 0, id='seed_from_checkpoint'),
    pytest.param(0, 2, id='seeded_with_workers', marks=pytest.mark.slow)])
def test_resume_equals_an_uninterrupted_run(semi_data, tmp_path, seed, num_workers):
    runner, whole = run(semi_data, tmp_path / 'whole', 6, seed=seed)
    run(semi_data, tmp_path / 'part', 3, num_workers, seed=runner.seed)
    _, resumed = run(semi_data, tmp_path / 'part', 6, num_workers, resume=True, seed=seed)
    assert resumed.seen == whole.seen[3:]
    assert torch.equal(resumed.student.weight, whole.student.weight)
    # Four views of two labeled images, then as many of two unlabeled ones; the clock beside them.
    assert [item[1:] for item in whole.seen] == [
        (4, True, 0), (4, True, 0), (8, False, 0), (8, False, .25), (8, False, .5), (8, False, .75)]


def test_a_run_past_burn_in_needs_somebody_to_copy_the_student(semi_data, tmp_path):
    run(semi_data, tmp_path / 'supervised', BURN_IN, with_teacher=False)
    with pytest.raises(ValueError, match='model.burn_in = 2 to iteration 3.*default_hooks.teacher'):
        run(semi_data, tmp_path / 'semi', BURN_IN + 1, with_teacher=False)


class CountLoads:
    """A first transform that leaves one file per sample that is loaded."""

    def __init__(self, folder):
        self.folder = folder
        self.transforms = []

    def __call__(self, results):
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix='load-', delete=False):
            return results


@pytest.mark.slow
def test_gap_2_16_resume_loads_no_skipped_image(semi_data, tmp_path, num_workers=2):
    run(semi_data, tmp_path / 'run', 9)
    for dataset in (semi_data['labeled'], semi_data['unlabeled']):
        dataset['pipeline'] = [CountLoads(str(tmp_path)), *dataset['pipeline']]
    run(semi_data, tmp_path / 'run', 10, num_workers, resume=True)
    # Each worker prepares two batches of four images ahead of the one that is used.
    most = 4 * (1 + 2 * num_workers)
    assert 4 <= len(list(tmp_path.glob('load-*'))) <= most


def test_loop_needs_a_sampler_that_skips(semi_data, tmp_path):
    loader = Runner.build_dataloader(dict(
        batch_size=2, num_workers=0, dataset=semi_data,
        sampler=dict(type='DefaultSampler', shuffle=False)))
    with pytest.raises(ValueError, match='SemiBatchSampler'):
        SemiTrainLoop(SimpleNamespace(visualizer=SimpleNamespace()), loader, 3)


def seeded_numbers(hook, iteration, seed=0):
    hook.before_train_iter(SimpleNamespace(seed=seed, iter=iteration), batch_idx=0)
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_iteration_seed_repeats_and_moves_on():
    assert seeded_numbers(IterationSeedHook(), 3) == seeded_numbers(IterationSeedHook(), 3)
    assert seeded_numbers(IterationSeedHook(), 3) != seeded_numbers(IterationSeedHook(), 4)
    assert seeded_numbers(IterationSeedHook(), 3) != seeded_numbers(IterationSeedHook(), 3, seed=1)
    assert seeded_numbers(IterationSeedHook(7), 3) == seeded_numbers(IterationSeedHook(7), 3, 1)


def test_iteration_seed_differs_between_ranks(monkeypatch):
    numbers = []
    for rank in range(2):
        monkeypatch.setattr('mmssis.engine.hooks.iteration_seed_hook.get_rank', lambda: rank)
        numbers.append(seeded_numbers(IterationSeedHook(), 3))
    assert numbers[0] != numbers[1]
