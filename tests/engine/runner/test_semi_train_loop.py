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


class NoisyModel(BaseModel):
    """One weight whose path depends on the data, on its order and on random numbers."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.seen = []

    def forward(self, inputs, data_samples, mode):
        images = [t for branch in sorted(inputs) for t in inputs[branch] if t is not None]
        value = sum(image.double().mean() for image in images).float()
        self.seen.append(round(value.item(), 3))
        return dict(loss=self.weight * value * (torch.rand(1) + random.random() + np.random.rand()))


def run(semi_data, work_dir, max_iters, num_workers=0, resume=False, seed=0):
    runner = Runner(
        model=NoisyModel(), work_dir=str(work_dir), resume=resume, default_scope='mmdet',
        experiment_name=f'{work_dir.name}-{max_iters}', log_level='ERROR',
        randomness=dict(seed=seed), custom_hooks=[dict(type='IterationSeedHook')],
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.001, momentum=0.9)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=3)),
        train_cfg=dict(type='SemiTrainLoop', max_iters=max_iters),
        train_dataloader=dict(
            batch_size=4, num_workers=num_workers, dataset=semi_data,
            sampler=dict(type='DefaultSampler', shuffle=False),
            batch_sampler=dict(type='SemiBatchSampler', burn_in=2)))
    return runner, runner.train()


@pytest.mark.parametrize('num_workers', [0, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize('seed', [0, None], ids=['seeded', 'seed_from_checkpoint'])
def test_resume_equals_an_uninterrupted_run(semi_data, tmp_path, num_workers, seed):
    runner, whole = run(semi_data, tmp_path / 'whole', 6, seed=seed)
    run(semi_data, tmp_path / 'part', 3, num_workers, seed=runner.seed)
    _, resumed = run(semi_data, tmp_path / 'part', 6, num_workers, resume=True, seed=seed)
    assert resumed.seen == whole.seen[3:]
    assert torch.equal(resumed.weight, whole.weight)


class CountLoads:
    """A first transform that leaves one file per sample that is loaded."""

    def __init__(self, folder):
        self.folder = folder
        self.transforms = []

    def __call__(self, results):
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix='load-', delete=False):
            return results


@pytest.mark.parametrize('num_workers', [0, pytest.param(2, marks=pytest.mark.slow)])
def test_gap_2_16_resume_loads_no_skipped_image(semi_data, tmp_path, num_workers):
    run(semi_data, tmp_path / 'run', 30)
    for dataset in semi_data['datasets']:
        dataset['pipeline'] = [CountLoads(str(tmp_path)), *dataset['pipeline']]
    run(semi_data, tmp_path / 'run', 31, num_workers, resume=True)
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


@pytest.mark.parametrize('seed', [-1, 0.5, 'x'])
def test_wrong_seed_is_named(seed):
    with pytest.raises(ValueError, match='IterationSeedHook.seed'):
        IterationSeedHook(seed)
