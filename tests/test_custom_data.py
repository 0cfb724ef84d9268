"""A new data set is one config of at most 12 lines: that of the docs is loaded and trained."""

import json
import math
import re
from pathlib import Path
from typing import Any, Callable, Dict

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmssis.utils import load_config

ROOT = Path(__file__).parents[1]
BASE = 'own_data/mask2former_lite0_cpu.py'
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
def load(tmp_path: Path) -> Callable[..., Config]:
    """Load the documented config on another base, beside generated data, for two updates."""
    root = tmp_path / 'bolts'
    write_coco(root, 'labeled.json', first=0, num=4)
    write_coco(root, 'val.json', first=4, num=2)
    for i in range(6, 10):
        write_image(root / f'unlabeled_images/{i}.png', i)

    def load_text(text: str, base: str = BASE, supervised: bool = False,
                  **options: Any) -> Config:
        text = text.replace('data/bolts', str(root))
        path = tmp_path / 'bolts.py'
        path.write_text(text.replace("'mmssis::own_data/mask2former_r50_one-gpu.py'",
                                     repr(str(ROOT / 'configs' / base))))
        schedule = dict(max_iters=2, val_interval=2)
        if not supervised:
            schedule['burn_in'] = 1
        return load_config(path, {
            'schedule': schedule, 'image_size': (64, 64), 'work_dir': str(tmp_path / 'work'),
            'model.detector.backbone.init_cfg': None, 'default_hooks.logger.interval': 1,
            'randomness': dict(seed=0), 'experiment_name': tmp_path.name, **options,
        }, supervised=supervised)

    return load_text


def train(cfg: Config) -> Runner:
    """Train to the end."""
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def losses_of(runner: Runner) -> Dict[str, float]:
    """The last value of every loss."""
    return {name: scalar.current() for name, scalar in runner.message_hub.log_scalars.items()
            if name.startswith('train/') and 'loss' in name}


def test_documented_config_says_everything_once_in_12_lines() -> None:
    text = documented_config()
    assert len(text.strip().splitlines()) <= 12
    for word in (*CLASSES, 'data/bolts', 'labeled.json', 'val.json', 'unlabeled_images'):
        assert len(re.findall(rf"'{word}'", text)) == 1


SEMI = {'train_dataloader.batch_sampler.labeled': 1, 'train_dataloader.batch_sampler.unlabeled': 1}
KEEP_ALL = dict(class_thr=0.0, mask_thr=0.0, min_area=0)
FAMILIES = {
    'Mask2Former': (BASE, 'ddtf', 'panoptic_head.cls_embed', 3),
    'Mask R-CNN': ('pais/mask-rcnn_lite0_animals2pct.py', 'dual_threshold',
                   'roi_head.bbox_head.fc_cls', 3),
    'K-Net': ('pais/knet_lite0_animals2pct.py', 'dual_threshold', 'update_heads.0.fc_cls', 2),
}


@pytest.mark.slow
@pytest.mark.parametrize('family', FAMILIES)
def test_every_family_trains_on_own_classes(load, tmp_path: Path, family: str) -> None:
    """One supervised and one semi-supervised update, then validation of both models."""
    base, hook, classifier, outputs = FAMILIES[family]
    keep = {f'model.pseudo_label_hooks.{hook}.{key}': value for key, value in KEEP_ALL.items()}
    if family == 'Mask R-CNN':
        keep['model.candidates.score_thr'] = 0.0
    runner = train(load(documented_config(), base, **SEMI, **keep))
    losses = losses_of(runner)
    assert runner.iter == 2 and all(map(math.isfinite, losses.values()))
    assert any(value > 0 for name, value in losses.items()
               if name.startswith('train/unsup_') and 'loss_mask' in name)
    assert {'val/teacher/coco/segm_mAP',
            'val/student/coco/segm_mAP'} <= set(runner.message_hub.log_scalars)
    assert runner.model.student.get_submodule(classifier).out_features == outputs
    checkpoint = torch.load(tmp_path / 'work/iter_2.pth', weights_only=False)
    assert tuple(checkpoint['meta']['dataset_meta']['classes']) == CLASSES


@pytest.mark.slow
def test_condinst_trains_on_own_boxes(load) -> None:
    """BoxTeacher: the file of `labeled` as one of boxes alone, and no unlabeled image."""
    text = documented_config().replace('labeled=', 'boxes=', 1)
    text = re.sub(r"\n *unlabeled='unlabeled_images',", '', text)
    runner = train(load(text, 'box_teacher/condinst_lite0_animals.py',
                        **{'train_dataloader.batch_sampler.boxes': 2}))
    losses = losses_of(runner)
    assert runner.iter == 2 and losses and all(map(math.isfinite, losses.values()))
    assert runner.model.student.bbox_head.conv_cls.out_channels == len(CLASSES)


def test_a_supervised_run_needs_no_unlabeled_images(load) -> None:
    text = re.sub(r"\n *unlabeled='unlabeled_images',", '', documented_config())
    assert 'unlabeled' not in text
    with pytest.raises(ValueError, match="lacks 'unlabeled'"):
        load(text)
    cfg = load(text, supervised=True, **{'train_dataloader.batch_sampler.labeled': 1})
    runner = train(cfg)
    assert runner.iter == 2 and 'val/student/coco/segm_mAP' in runner.message_hub.log_scalars
    assert not [name for name in runner.message_hub.log_scalars if 'unsup' in name]


def test_its_baseline_made_longer_in_the_wrong_place_is_refused(load) -> None:
    """Its burn-in would end before it does, and every candidate would become a pseudo label."""
    cfg = load(documented_config(), supervised=True)
    assert cfg.model.burn_in >= cfg.train_cfg.max_iters == 2
    cfg.train_cfg.max_iters = cfg.model.burn_in + 2
    cfg.param_scheduler = None
    with pytest.raises(ValueError, match='supervised|TeacherEMAHook'):
        Runner.from_cfg(cfg).train()
