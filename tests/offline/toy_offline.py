"""Detections, shards and labels of a toy unlabeled set of 40 x 60 images."""

import numpy as np
import torch
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from toy_data import write_json

from mmssis.offline.detections import SoftDetections
from mmssis.offline.shards import ShardWriter
from mmssis.offline.tta_views import View

CLASSES = ('cat', 'dog', 'emu')
HEIGHT, WIDTH, SIZE = 40, 60, 7
FOUR = [View((96, 64)), View((96, 64), True), View((64, 48), True), View((130, 90))]


def picture(height=44, width=60):
    """Noise, (H, W, 3)."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def paste(detections, shape):
    """Bool masks of detections by mmdet's pasting, (N, H, W)."""
    masks = torch.zeros(len(detections), *shape, dtype=torch.bool)
    for i, box in enumerate(detections.boxes):
        masks[i] = _do_paste_mask(detections.mask_probs[i:i + 1, None], box[None], *shape,
                                  skip_empty=False)[0][0] >= 0.5
    return masks


def image(image_id):
    return dict(id=image_id, file_name=f'{image_id}.png', height=HEIGHT, width=WIDTH)


def detections(image_id, num=None, num_classes=2):
    """The same for the same image; image 3 has none."""
    generator = torch.Generator().manual_seed(image_id)
    num = image_id % 4 if num is None else num
    if image_id == 3:
        num = 0
    corner = torch.rand(num, 2, generator=generator) * 25
    boxes = torch.cat([corner, corner + 3 + 15 * torch.rand(num, 2, generator=generator)], 1)
    return SoftDetections(
        boxes, torch.rand(num, generator=generator),
        torch.randint(num_classes, (num, ), generator=generator),
        torch.rand(num, SIZE, SIZE, generator=generator))


def full(score, label, box=(10, 10, 20, 20), prob=1.0, size=SIZE):
    """One detection whose cells are all alike."""
    return SoftDetections(torch.tensor([box], dtype=torch.float32), torch.tensor([score]),
                          torch.tensor([label]), torch.full((1, size, size), prob))


def cat(*parts):
    """Detections of one image joined."""
    return SoftDetections(*(torch.cat([getattr(part, name) for part in parts]) for name in
                            ('boxes', 'scores', 'labels', 'mask_probs')))


def write_shard(folder, found, rank=0):
    """Write a dictionary of image id to detections as one rank; returns the folder."""
    with ShardWriter(folder, rank) as writer:
        for image_id, of_image in found.items():
            writer.write(image(image_id), of_image)
    return folder


def labeled_content(classes=CLASSES, num_images=4):
    """A labeled COCO file: one triangle of half its 8 x 8 box per image, classes in turn."""
    annotations = [
        dict(id=i, image_id=i, category_id=10 * (1 + i % 2), bbox=[4, 4, 8, 8], area=32, iscrowd=0,
             segmentation=[[4, 4, 12, 4, 4, 12]]) for i in range(num_images)]
    categories = [dict(id=10 * i, name=name, supercategory='animal')
                  for i, name in enumerate(classes, 1)]
    return dict(images=[image(i) for i in range(num_images)], annotations=annotations,
                categories=categories)


def labeled_file(folder, **settings):
    return write_json(folder / 'labeled.json', labeled_content(**settings))
