"""A generated data set in the place of a config's own."""

import json
from pathlib import Path
from typing import List, Sequence, Tuple

import cv2
import numpy as np
from mmengine.config import Config

from mmssis.utils.batch import SOURCES


def use_synthetic_data(cfg: Config, root: Path, num_images: int = 32,
                       image_shape: Tuple[int, int] = (480, 640)) -> None:
    """Let a config's training images be generated ones.

    Args:
        cfg: config whose ``train_dataloader.dataset`` is a ``SemiDataset``; changed in place.
        root: folder to write to.
        num_images: images of each source.
        image_shape: (height, width) of the images.
    """
    dataset = cfg.train_dataloader.dataset
    sources = {name: dataset[name] for name in SOURCES if dataset.get(name)}
    classes = next(iter(sources.values())).get('metainfo', {}).get('classes', ('object',))
    for name, source in sources.items():
        write_images(root, name, num_images, image_shape, classes)
        if name == 'unlabeled':
            source.type = 'UnlabeledCocoDataset'
        source.update(data_root=str(root), ann_file=f'{name}.json',
                      data_prefix=dict(img=f'{name}/'), metainfo=dict(classes=classes))


def write_images(root: Path, name: str, num_images: int, image_shape: Tuple[int, int],
                 classes: Sequence[str]) -> None:
    """Write JPEG images of noise and rectangles to ``root/name`` and ``root/name.json``."""
    rng = np.random.default_rng(0)
    height, width = image_shape
    (root / name).mkdir(parents=True)
    images: List[dict] = []
    annotations: List[dict] = []
    for i in range(num_images):
        image = cv2.resize(rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8),
                           (width, height))
        for _ in range(4):
            w, h = (int(size * rng.uniform(0.1, 0.4)) for size in (width, height))
            x, y = int(rng.integers(width - w)), int(rng.integers(height - h))
            image[y:y + h, x:x + w] = rng.integers(0, 256, 3)
            annotations.append(dict(
                id=len(annotations) + 1, image_id=i, iscrowd=0, bbox=[x, y, w, h], area=w * h,
                category_id=int(rng.integers(len(classes))),
                segmentation=[[x, y, x + w, y, x + w, y + h, x, y + h]]))
        cv2.imwrite(str(root / name / f'{name}{i}.jpg'), image)
        images.append(dict(id=i, file_name=f'{name}{i}.jpg', height=height, width=width))
    categories = [dict(id=i, name=label) for i, label in enumerate(classes)]
    (root / f'{name}.json').write_text(json.dumps(dict(
        images=images, annotations=[] if name == 'unlabeled' else annotations,
        categories=categories)))
