"""One rank of the DDP tests: ``torchrun --nproc_per_node 2 ddp_worker.py ROOT SCENARIO...``."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from toy import toy_config
from toy_box_teacher import box_config
from toy_pais import pais_config

import mmssis  # noqa: F401
from mmssis.engine.run_lock import hold_work_dir
from mmssis.engine.stop_signals import StoppedBySignal

ITERS = 3


@TRANSFORMS.register_module()
class StalledStorage(BaseTransform):
    """Storage that does not answer."""

    def transform(self, results: dict) -> dict:
        """Wait for longer than anybody does."""
        time.sleep(120)
        return results


class SignalToOneRank(Hook):
    """SIGTERM to rank 1 alone, in its second iteration."""

    def before_train_iter(self, runner: Runner, *args: object, **kwargs: object) -> None:
        """Send it."""
        if dist.get_rank() == 1 and runner.iter == 1:
            os.kill(os.getpid(), signal.SIGTERM)


def stop_and_resume(config: Config) -> None:
    """All ranks stop after the same step, with a checkpoint, and the run goes on from there."""
    config.work_dir += '_stopped'
    runner = Runner.from_cfg(config)
    runner.register_hook(SignalToOneRank())
    try:
        runner.train()
    except StoppedBySignal as stop:
        assert stop.code == 128 + signal.SIGTERM
    assert runner.iter == 2
    config.update(resume=True, load_from=f'{config.work_dir}/iter_2.pth',
                  experiment_name='resumed')


def is_refused(work_dir: str) -> bool:
    """Whether a second run is refused on this rank, which then has no process group any more."""
    with hold_work_dir(work_dir):
        try:
            with hold_work_dir(work_dir):
                return False
        except SystemExit as refusal:
            return ('in use by' in str(refusal)) == (int(os.environ['RANK']) == 0)


def make_config(root: Path, scenario: str) -> Config:
    """Training config of this rank in a scenario; 'knet:...' is the scenario on PAIS's K-Net."""
    kind, _, scenario = scenario.rpartition(':')
    if kind == 'box-teacher':
        return make_box_config(root / kind, scenario)
    rank = dist.get_rank()
    settings = dict(max_iters=ITERS, burn_in=1, write=False)
    config = distributed(pais_config(root, kind, **settings) if kind
                         else toy_config(root, **settings))
    dataset = config.train_dataloader.dataset
    labeled, unlabeled = dataset.labeled, dataset.unlabeled
    if scenario in ('normal', 'signal', 'burn_in'):
        # A checkpoint holds the running statistics of rank 0; those of the others are not resumed.
        config.model.detector.backbone.norm_eval = True
    if scenario == 'burn_in':
        config.model.burn_in = 'auto'
        config.default_hooks.burn_in = dict(
            type='BurnInHook', precision=0.0, recall=0.0, interval=1, hold=1, held_out=0.0)
    if scenario == 'no_pseudo_labels' and rank == 1:
        config.model.pseudo_label_hooks = dict(
            none=dict(type='ClassThresholdFilter', class_thr=1.0),
            **config.model.pseudo_label_hooks)
    if scenario == 'no_labeled_instances' and rank == 1:
        labeled.ann_file = 'annotations/empty.json'
        labeled.filter_cfg = dict(filter_empty_gt=False)
    if scenario in ('unreadable_skip', 'unreadable_error') and rank == 1:
        unlabeled.ann_file = 'annotations/missing_files.json'
        config.train_dataloader.dataset.on_unreadable = scenario.split('_')[1]
    if scenario == 'hanging_storage':
        config.default_hooks.rank_watch.timeout = 3
        if rank == 1:
            unlabeled.pipeline.insert(0, dict(type='StalledStorage'))
    return config


def distributed(config: dict) -> Config:
    """A config for two ranks on a CPU."""
    config.update(launcher='pytorch', model_wrapper_cfg=dict(type='CPUDistributedDataParallel'))
    config['default_hooks']['rank_watch'] = dict(type='RankWatchHook', timeout=60)
    return Config(config, format_python_code=False)


def make_box_config(root: Path, scenario: str) -> Config:
    """BoxTeacher; in the odd scenarios rank 1 has no box at all.

    One without the source `boxes` has no student view in burn-in, where the other's has one.
    """
    config = distributed(box_config(
        root, mixed=scenario.startswith('mixed'), write=False, max_iters=ITERS,
        burn_in=int(scenario != 'mixed_unlabeled')))
    dataset = config.train_dataloader.dataset
    if dist.get_rank() == 1 and scenario == 'no_boxes':
        dataset.boxes.ann_file = 'annotations/empty.json'
    if dist.get_rank() == 1 and scenario == 'mixed_unlabeled':
        dataset.boxes = None
        config.train_dataloader.batch_sampler.update(boxes=0, unlabeled=2)
        config.model.pseudo_label_hooks.unlabeled_filter.class_thr = 1.0
    return config


def write_variants(root: Path) -> None:
    """Annotation files of the odd ranks: no instance at all, and half of the images missing."""
    labeled = json.loads((root / 'annotations/labeled.json').read_text())
    labeled['annotations'] = []
    (root / 'annotations/empty.json').write_text(json.dumps(labeled))
    unlabeled = json.loads((root / 'annotations/unlabeled.json').read_text())
    for image in unlabeled['images'][::2]:
        image['file_name'] = 'missing_' + image['file_name']
    (root / 'annotations/missing_files.json').write_text(json.dumps(unlabeled))
    boxes = root / 'box-teacher'
    box_config(boxes)
    content = json.loads((boxes / 'annotations/boxes.json').read_text())
    (boxes / 'annotations/empty.json').write_text(json.dumps(dict(content, annotations=[])))


def main() -> None:
    """Train a few iterations per scenario; ranks must end with the same student."""
    torch.set_num_threads(1)
    root, scenarios = Path(sys.argv[1]), sys.argv[2:]
    dist.init_process_group('gloo')
    if dist.get_rank() == 0:
        toy_config(root, num_labeled=6, num_unlabeled=6)
        write_variants(root)
    dist.barrier()
    sums_of = {}
    for scenario in scenarios:
        config = make_config(root, scenario)
        config.experiment_name = scenario
        if scenario == 'signal':
            stop_and_resume(config)
        runner = Runner.from_cfg(config)
        runner.train()
        total = torch.stack([p.double().sum() for p in runner.model.module.parameters()]).sum()
        sums = [torch.zeros_like(total) for _ in range(dist.get_world_size())]
        dist.all_gather(sums, total)
        assert torch.isfinite(total) and torch.allclose(sums[0], sums[1]), (scenario, sums)
        if scenario in ('signal', 'burn_in'):
            assert abs(total - sums_of['normal']) == 0, 'the run is another one'
        sums_of[scenario] = total
        if dist.get_rank() == 0:
            print(f'scenario {scenario} ok', flush=True)
    assert is_refused(str(root / 'locked')) and not dist.is_initialized()


if __name__ == '__main__':
    main()
