"""Write the demo's shapes as a COCO data set."""

import json
from pathlib import Path

import cv2
import numpy as np
from demo_shapes import SHAPE_CLASSES, Scene, category_frequencies, render_scene
from pycocotools import mask as coco_mask
from tqdm import tqdm


def scene_generator(seed: int, stream: str, index: int) -> np.random.Generator:
    """Random generator of one scene, so that scene `index` is the same in a set of any size.

    Args:
        seed (int): Seed of the data set, >= 0.
        stream (str): Name of the set ('train', 'val', 'clip', ...): other names, other scenes.
        index (int): Position in the set.
    """
    return np.random.default_rng([seed, *stream.encode(), index])


def write_demo_dataset(out_dir: Path, seed: int = 0, num_train: int = 400, num_val: int = 100,
                       image_size: int = 192, tail_exponent: float = 0.8) -> None:
    """Write `train/`, `val/` and `annotations/instances_{train,val}.json` under `out_dir`.

    Args:
        out_dir (Path): Made if absent; files of the same name are overwritten.
        seed (int): The same seed and sizes give the same bytes.
        num_train (int): Number of training images, >= 1.
        num_val (int): Number of validation images, >= 1.
        image_size (int): Side of the square images in pixels.
        tail_exponent (float): How uneven the categories are, see `category_frequencies`.

    Raises:
        ValueError: If there would be no training or no validation image.
    """
    sizes = {'train': num_train, 'val': num_val}
    for split, size in sizes.items():
        if size < 1:
            raise ValueError(f'num_{split}={size}: the demo data need at least one {split} image')
    frequencies = category_frequencies(tail_exponent)
    for split, size in sizes.items():
        (out_dir / split).mkdir(parents=True, exist_ok=True)
        coco = _empty_coco()
        for index in tqdm(range(size), desc=split, unit=' images', disable=None):
            scene = render_scene(scene_generator(seed, split, index), image_size, frequencies)
            name = f'{index:06d}.jpg'
            cv2.imwrite(str(out_dir / split / name), scene.image, [cv2.IMWRITE_JPEG_QUALITY, 95])
            _append_scene(coco, scene, name)
        path = out_dir / 'annotations' / f'instances_{split}.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(coco))


def _empty_coco() -> dict[str, list]:
    categories = [dict(id=i + 1, name=name) for i, name in enumerate(SHAPE_CLASSES)]
    return dict(images=[], annotations=[], categories=categories)


def _append_scene(coco: dict[str, list], scene: Scene, file_name: str) -> None:
    """Add a scene to a COCO dictionary; masks as compressed RLE, which is exact."""
    image_id = len(coco['images']) + 1
    height, width = scene.image.shape[:2]
    coco['images'].append(dict(id=image_id, file_name=file_name, height=height, width=width))
    for instance in scene.instances:
        rle = coco_mask.encode(np.asfortranarray(instance.mask, dtype=np.uint8))
        x1, y1, x2, y2 = instance.box
        coco['annotations'].append(dict(
            id=len(coco['annotations']) + 1, image_id=image_id,
            category_id=instance.category + 1, iscrowd=0, area=int(instance.mask.sum()),
            bbox=[x1, y1, x2 - x1, y2 - y1],
            segmentation=dict(size=rle['size'], counts=rle['counts'].decode('ascii'))))
