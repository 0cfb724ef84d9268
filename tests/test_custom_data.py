"""A new data set is one config of at most 12 lines: that of the docs is loaded and trained."""

import json
import math
import re
from pathlib import Path
from typing import Any, Dict

import cv2
import numpy as np
import pytest
import torch
from mmengine.runner import Runner

from mmssis.utils import load_config

ROOT = Path(__file__).parents[1]
BASE = ROOT / 'configs/pldc/mask2former_lite0_animals2pct.py'
PAIS = [ROOT / f'configs/pais/{model}_lite0_animals2pct.py' for model in ('knet', 'mask-rcnn')]
CLASSES = ('bolt', 'nut')
SIZE = 96


def documented_config() -> str:
    """The first Python block of docs/custom_data.md."""
    text = (ROOT / 'docs/custom_data.md').read_text()
    return re.search(r'```python\n(.*?)```', text, re.DOTALL).group(1)


def write_image(path: Path, seed: int) -> Dict[str, Any]:
    """Noise with one bright box; returns the box."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 100, (SIZE, SIZE, 3), dtype=np.uint8)
    x, y, w, h = (int(value) for value in rng.integers([5, 5, 30, 30], [30, 30, 60, 60]))
    image[y:y + h, x:x + w] += 120
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)
    return dict(bbox=[x, y, w, h], area=w * h,
                segmentation=[[x, y, x + w, y, x + w, y + h, x, y + h]])


def write_coco(root: Path, name: str, first: int, num: int) -> None:
    """Images and an annotation file with one instance per image."""
    boxes = [write_image(root / f'images/{first + i}.png', first + i) for i in range(num)]
    content = dict(
        images=[dict(id=i, file_name=f'{first + i}.png', height=SIZE, width=SIZE)
                for i in range(num)],
        annotations=[dict(id=i + 1, image_id=i, category_id=1 + i % 2, iscrowd=0, **box)
                     for i, box in enumerate(boxes)],
        categories=[dict(id=i, name=name) for i, name in enumerate(CLASSES, 1)])
    (root / name).write_text(json.dumps(content))


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """The documented config, on the small model, beside generated data."""
    root = tmp_path / 'bolts'
    write_coco(root, 'labeled.json', first=0, num=4)
    write_coco(root, 'val.json', first=4, num=2)
    for i in range(6, 10):
        write_image(root / f'unlabeled_images/{i}.png', i)
    text = documented_config().replace('data/bolts', str(root))
    text = text.replace('mmssis::pldc/mask2former_r50_coco10pct.py', str(BASE))
    path = tmp_path / 'bolts.py'
    path.write_text(text)
    return path


def test_documented_config_has_at_most_12_lines() -> None:
    assert len(documented_config().strip().splitlines()) <= 12


def test_documented_config_says_everything_once() -> None:
    text = documented_config()
    for word in (*CLASSES, 'data/bolts', 'labeled.json', 'val.json', 'unlabeled_images'):
        assert len(re.findall(rf"'{word}'", text)) == 1


@pytest.mark.slow
def test_documented_config_trains(config_file: Path, tmp_path: Path) -> None:
    """One supervised and one semi-supervised iteration, then validation of both models."""
    hooks = [dict(type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0, min_area=0),
             dict(type='MaskUncertainty')]
    cfg = load_config(config_file, {
        'schedule': dict(max_iters=2, burn_in=1, val_interval=2),
        'model.pseudo_label_hooks': hooks,
        'train_dataloader.batch_size': 2,
        'train_dataloader.batch_sampler.source_ratio': [1, 1],
        'work_dir': str(tmp_path / 'work'),
        'default_hooks.logger.interval': 1,
        'randomness': dict(seed=0),
        'experiment_name': tmp_path.name,
    })
    runner = Runner.from_cfg(cfg)
    runner.train()

    hub = runner.message_hub
    assert runner.iter == 2
    assert math.isfinite(hub.get_scalar('train/sup_loss_mask').current())
    assert hub.get_scalar('train/unsup_loss_mask').current() > 0
    assert {'val/teacher/coco/segm_mAP', 'val/student/coco/segm_mAP'} <= set(hub.log_scalars)
    assert runner.model.student.panoptic_head.cls_embed.out_features == len(CLASSES) + 1
    checkpoint = torch.load(tmp_path / 'work/iter_2.pth', weights_only=False)
    assert tuple(checkpoint['meta']['dataset_meta']['classes']) == CLASSES


@pytest.mark.slow
@pytest.mark.parametrize('base', PAIS, ids=lambda path: path.stem)
def test_documented_config_trains_with_pais_as_base(base: Path, config_file: Path,
                                                    tmp_path: Path) -> None:
    """K-Net and Mask R-CNN: the two classes arrive in every head."""
    config_file.write_text(config_file.read_text().replace(str(BASE), str(base)))
    cfg = load_config(config_file, {
        'schedule': dict(max_iters=2, burn_in=1, val_interval=2),
        'model.pseudo_label_hooks.0.class_thr': 0.0,
        'model.pseudo_label_hooks.0.mask_thr': 0.0,
        'train_dataloader.batch_size': 2,
        'train_dataloader.batch_sampler.source_ratio': [1, 1],
        'work_dir': str(tmp_path / 'work'),
        'default_hooks.logger.interval': 1,
        'randomness': dict(seed=0),
        'experiment_name': tmp_path.name,
    })
    if 'score_thr' in cfg.model.candidates:
        cfg.model.candidates.score_thr = 0.0
    runner = Runner.from_cfg(cfg)
    runner.train()
    names = [name for name in runner.message_hub.log_scalars if 'unsup' in name]
    assert names and all(math.isfinite(runner.message_hub.get_scalar(name).current())
                         for name in names)
    counts = {name: module.num_classes for name, module in runner.model.student.named_modules()
              if isinstance(vars(module).get('num_classes'), int) and 'rpn' not in name}
    assert len(counts) >= 2 and set(counts.values()) == {len(CLASSES)}


def test_a_supervised_config_made_longer_in_the_wrong_place_is_refused(config_file: Path,
                                                                       tmp_path: Path) -> None:
    """Its burn-in would end before it does, and every candidate would become a pseudo label."""
    base = ROOT / 'configs/supervised/mask2former_lite0_animals2pct.py'
    config_file.write_text(config_file.read_text().replace(str(BASE), str(base)))
    settings = {'schedule': dict(_delete_=True, max_iters=2), 'work_dir': str(tmp_path / 'work'),
                'experiment_name': tmp_path.name}
    cfg = load_config(config_file, settings)
    assert cfg.model.burn_in == 2
    cfg.train_cfg.max_iters = 4
    with pytest.raises(ValueError, match='pseudo_label_hooks has no filter.*schedule.max_iters'):
        Runner.from_cfg(cfg).train()
