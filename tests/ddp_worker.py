"""One rank of the DDP tests: ``torchrun --nproc_per_node 2 ddp_worker.py ROOT SCENARIO...``."""

import json
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.runner import Runner
from toy import toy_config
from toy_pais import pais_config

import mmssis  # noqa: F401

ITERS = 3


@TRANSFORMS.register_module()
class StalledStorage(BaseTransform):
    """Storage that does not answer."""

    def transform(self, results: dict) -> dict:
        """Wait for longer than anybody does."""
        time.sleep(120)
        return results


def make_config(root: Path, scenario: str) -> Config:
    """Training config of this rank in a scenario; 'knet:...' is the scenario on PAIS's K-Net."""
    rank = dist.get_rank()
    settings = dict(max_iters=ITERS, burn_in=1, write=False)
    kind, _, scenario = scenario.rpartition(':')
    config = Config(pais_config(root, kind, **settings) if kind else toy_config(root, **settings),
                    format_python_code=False)
    config.update(launcher='pytorch', model_wrapper_cfg=dict(type='CPUDistributedDataParallel'))
    labeled, unlabeled = config.train_dataloader.dataset.datasets
    if scenario == 'no_pseudo_labels' and rank == 1:
        config.model.pseudo_label_hooks[0] = dict(type='ClassThresholdFilter', class_thr=1.0)
    if scenario == 'no_labeled_instances' and rank == 1:
        labeled.ann_file = 'annotations/empty.json'
        labeled.filter_cfg = dict(filter_empty_gt=False)
    if scenario in ('unreadable_skip', 'unreadable_error') and rank == 1:
        unlabeled.ann_file = 'annotations/missing_files.json'
        config.train_dataloader.dataset.on_unreadable = scenario.split('_')[1]
    hangs = scenario == 'hanging_storage'
    config.custom_hooks.append(dict(type='RankWatchHook', timeout=3 if hangs else 60))
    if hangs and rank == 1:
        unlabeled.pipeline.insert(0, dict(type='StalledStorage'))
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


def main() -> None:
    """Train a few iterations per scenario; ranks must end with the same student."""
    torch.set_num_threads(1)
    root, scenarios = Path(sys.argv[1]), sys.argv[2:]
    dist.init_process_group('gloo')
    if dist.get_rank() == 0:
        toy_config(root, num_labeled=6, num_unlabeled=6)
        write_variants(root)
    dist.barrier()
    for scenario in scenarios:
        config = make_config(root, scenario)
        config.experiment_name = scenario
        runner = Runner.from_cfg(config)
        runner.train()
        total = torch.stack([p.double().sum() for p in runner.model.module.parameters()]).sum()
        sums = [torch.zeros_like(total) for _ in range(dist.get_world_size())]
        dist.all_gather(sums, total)
        assert torch.isfinite(total) and torch.allclose(sums[0], sums[1]), (scenario, sums)
        if dist.get_rank() == 0:
            print(f'scenario {scenario} ok', flush=True)
    # A rank that leaves first would make the other's gloo threads abort.
    dist.barrier()
    dist.destroy_process_group()


if __name__ == '__main__':
    main()
