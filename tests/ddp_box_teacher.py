"""One rank of BoxTeacher's DDP test: ``torchrun --nproc_per_node 2 ddp_box_teacher.py ROOT``."""

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.runner import Runner
from toy_box_teacher import box_config

import mmssis  # noqa: F401

SCENARIOS = ('boxes', 'no_boxes', 'mixed', 'mixed_unlabeled')


def make_config(root: Path, scenario: str) -> Config:
    """Training config of this rank; in the odd scenarios rank 1 has no box at all."""
    config = Config(
        box_config(root, mixed=scenario.startswith('mixed'), write=False, max_iters=3),
        format_python_code=False)
    config.update(launcher='pytorch', model_wrapper_cfg=dict(type='CPUDistributedDataParallel'),
                  experiment_name=scenario)
    config.custom_hooks.append(dict(type='RankWatchHook', timeout=60))
    datasets = config.train_dataloader.dataset.datasets
    if dist.get_rank() == 1 and scenario == 'no_boxes':
        datasets[0].ann_file = 'annotations/empty.json'
    if dist.get_rank() == 1 and scenario == 'mixed_unlabeled':
        unlabeled = datasets[1].datasets[1]
        datasets[1] = unlabeled
        config.model.pseudo_label_hooks[1].hook.class_thr = 1.0
    return config


def main() -> None:
    """Train a few iterations per scenario; ranks must end with the same student."""
    torch.set_num_threads(1)
    root = Path(sys.argv[1])
    dist.init_process_group('gloo')
    if dist.get_rank() == 0:
        box_config(root)
        content = json.loads((root / 'annotations/boxes.json').read_text())
        (root / 'annotations/empty.json').write_text(json.dumps(dict(content, annotations=[])))
    dist.barrier()
    for scenario in SCENARIOS:
        runner = Runner.from_cfg(make_config(root, scenario))
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
