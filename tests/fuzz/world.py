"""The run that the inputs go through: the toy model over six generated images."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, Optional
from unittest import mock

import cv2
import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn
from toy import SIZE, toy_config, write_coco

from mmssis.engine.building import naming_the_part
from mmssis.engine.evaluation_checks import build_val_loop
from mmssis.engine.runner import ResumableRunner
from mmssis.utils import load_config

IMAGES = dict(labeled=3, unlabeled=2, val=2)


class Started(Exception):
    """The run has reached its second iteration."""


class StopHook(Hook):
    """End a run before its second iteration.

    Args:
        look: called with the runner before the first iteration.
    """

    priority = 'LOWEST'

    def __init__(self, look: Optional[Callable[[Runner], None]] = None) -> None:
        self.look = look

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Look at what was read; the first batch has been loaded."""
        if self.look is not None:
            self.look(runner)
            raise Started

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """End the run."""
        raise Started


def make_world(root: Path) -> None:
    """Write images, annotation files and ``base.py``, a config with everything that is checked."""
    for i, (part, num) in enumerate(IMAGES.items()):
        write_coco(root, part, num, seed=i + 1)
    config = toy_config(root, max_iters=4, burn_in=1, val=True, write=False)
    config['data_set'] = dict(
        root=str(root), unlabeled='annotations/unlabeled.json', image_dirs={p: p for p in IMAGES},
        **{part: f'annotations/{part}.json' for part in ('labeled', 'val')})
    config['default_hooks'].update(
        preflight=dict(type='PreflightHook'), guard=dict(type='TrainingGuardHook'),
        statistics=dict(type='PseudoLabelStatisticsHook'),
        logger=dict(type='LoggerHook', interval=10))
    config['default_hooks']['checkpoint'].update(
        save_best='teacher/coco/segm_mAP', rule='greater', backend_args=dict(backend='atomic'))
    config['model']['pseudo_label_hooks']['ddtf'].update(class_thr=0.5, mask_thr=0.5, min_area=5)
    config['param_scheduler'] = [
        dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=2)]
    for part in ('labeled', 'unlabeled'):
        config['train_dataloader']['dataset'][part]['pipeline'][0]['type'] = 'LoadImageRobust'
    del config['train_dataloader']['batch_size']
    write_config(root / 'base.py', config)


def write_config(path: Path, config: Dict[str, Any]) -> None:
    """Write a config of plain values."""
    path.write_text(''.join(f'{key} = {plain(value)!r}\n' for key, value in config.items()))


def start(path: Path, model: Optional[nn.Module] = None,
          look: Optional[Callable[[Runner], None]] = None) -> None:
    """Begin a run as ``tools/train.py`` does, and end it in its first iterations.

    Args:
        path: the config.
        model: a model in place of the config's.
        look: see :class:`StopHook`; without it one step is made.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    cfg = load_config(path)
    cfg.setdefault('work_dir', str(path.parent / 'work_dir'))
    build = Runner.build_model if model is None else lambda self, cfg: model
    with mock.patch.object(Runner, 'build_model', build), naming_the_part(cfg):
        runner = ResumableRunner.from_cfg(cfg)
        runner.register_hook(StopHook(look), priority='LOWEST')
        try:
            build_val_loop(runner)
            runner.train()
        except Started:
            return
    raise RuntimeError('the run ended before its first iteration')


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text())


def square(x: int, y: int, w: int, h: int) -> np.ndarray:
    """Mask (SIZE, SIZE) of a box."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[y:y + h, x:x + w] = 1
    return mask


def plain(node: Any) -> Any:
    """The same without mmengine's dicts."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    return [plain(child) for child in node] if isinstance(node, list) else node
