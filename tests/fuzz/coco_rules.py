"""What a COCO file says, read a second time, and whether a run has read the same."""

import json
import math
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np
import torch
from mmdet.datasets.transforms import LoadAnnotations
from mmdet.registry import MODELS
from mmengine.runner import Runner
from PIL import Image, ImageDraw
from pycocotools import mask as coco_mask
from toy import CLASSES
from toy import toy_model as toy_model_config

from mmssis.datasets import sources_of

from .harness import WrongResult


class Instance(NamedTuple):
    """One annotation: class name, box (x1, y1, x2, y2), mask (H, W) bool, and whether it counts."""

    name: str
    box: Tuple[float, ...]
    mask: np.ndarray
    is_learned: bool
    is_evaluated: bool


def read_instances(content: Any) -> Dict[str, List[Instance]]:
    """The instances of each file name.

    Raises:
        Exception: of any kind, where the file cannot be taken at its word.
    """
    images = {_id(image['id']): image for image in content['images']}
    names = {_id(category['id']): category['name'] for category in content['categories']}
    assert len(images) == len(content['images']) and len(names) == len(content['categories'])
    found: Dict[str, List[Instance]] = {image['file_name']: [] for image in images.values()}
    assert len(found) == len(images), 'a file under two ids'
    for annotation in content.get('annotations', []):
        image = images[_id(annotation['image_id'])]
        found[image['file_name']].append(
            _instance(annotation, image, names[_id(annotation['category_id'])]))
    return found


def _id(value: Any) -> Any:
    """An id with its type: 1 and '1' differ, and True is none."""
    assert type(value) in (int, str)
    return value


def _instance(annotation: dict, image: dict, name: str) -> Instance:
    """One annotation, taken at its word."""
    x, y, w, h = (_number(value) for value in annotation['bbox'])
    height, width = image['height'], image['width']
    area = _number(annotation.get('area', w * h))
    crowd, ignore = annotation.get('iscrowd', 0), annotation.get('ignore', 0)
    assert crowd in (0, 1) and ignore in (0, 1)
    inside = min(x + w, width) > max(x, 0) and min(y + h, height) > max(y, 0)
    mask = _mask(annotation['segmentation'], height, width)
    is_learned = not crowd and not ignore and area > 0 and w >= 1 and h >= 1 and inside
    return Instance(name, (x, y, x + w, y + h), mask, is_learned, not crowd)


def _number(value: Any) -> float:
    """A finite number."""
    assert isinstance(value, (int, float)) and not isinstance(value, bool)
    assert math.isfinite(value)
    return float(value)


def _mask(segmentation: Any, height: int, width: int) -> np.ndarray:
    """The mask of polygons or of an RLE."""
    if isinstance(segmentation, dict):
        counts = segmentation['counts']
        assert list(segmentation['size']) == [height, width]
        if isinstance(counts, str):
            counts = _uncompress(counts)
        assert all(type(count) is int and count >= 0 for count in counts)
        assert sum(counts) == height * width
        values = [i % 2 for i in range(len(counts))]
        return np.repeat(values, counts).reshape(width, height).T.astype(bool)
    canvas = Image.new('1', (width, height))
    polygons = [[_number(value) for value in polygon] for polygon in segmentation]
    assert all(len(polygon) % 2 == 0 for polygon in polygons)
    polygons = [polygon for polygon in polygons if len(polygon) >= 6]
    assert polygons
    for polygon in polygons:
        assert max(map(abs, polygon)) < 1e6
        ImageDraw.Draw(canvas).polygon(polygon, fill=1)
    return np.asarray(canvas)


def _uncompress(text: str) -> List[int]:
    """Counts of pycocotools' text: 5 bits a character, differences from the third one on."""
    counts: List[int] = []
    value = shift = 0
    for character in text.encode('ascii'):
        bits = character - 48
        assert 0 <= bits < 64
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    assert not shift
    return counts


def compare(runner: Runner, part: str, content: Any) -> None:
    """Compare what a run has read with what its file says.

    Args:
        runner: a run whose preflight is over.
        part: 'labeled' or 'val', the file that was changed.
        content: what that file says.

    Raises:
        WrongResult: if they differ.
    """
    try:
        instances = read_instances(content)
    except Exception as error:
        raise WrongResult(f'accepted, but the file is wrong: {type(error).__name__} {error}')
    if part == 'val':
        _compare_evaluation(runner, content, instances)
    else:
        _compare_learned(runner, instances)
    _compare_account(runner, part, instances)


def _compare_learned(runner: Runner, instances: Dict[str, List[Instance]]) -> None:
    """Every instance of every image, as the data set loads it."""
    dataset = sources_of(runner.train_dataloader.dataset)['labeled']
    load = LoadAnnotations(with_bbox=True, with_mask=True)
    seen = set()
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        name = Path(info['img_path']).name
        seen.add(name)
        loaded = load(dict(info, ori_shape=(info['height'], info['width'])))
        expected = [one for one in instances[name] if one.is_learned]
        keep = ~np.asarray(loaded['gt_ignore_flags'], bool)
        boxes = loaded['gt_bboxes'].tensor.numpy()[keep]
        masks, labels = loaded['gt_masks'].masks[keep], loaded['gt_bboxes_labels'][keep]
        if len(boxes) != len(expected):
            raise WrongResult(f'{name}: {len(boxes)} instances for {len(expected)}')
        for box, mask, label, one in zip(boxes, masks, labels, expected):
            _compare_instance(box, mask, CLASSES[label], one, name)
    lost = [name for name, found in instances.items()
            if name not in seen and any(one.is_learned for one in found)]
    if lost:
        raise WrongResult(f'{lost} are not learned from')


def _compare_instance(box: np.ndarray, mask: np.ndarray, name: str, one: Instance,
                      file_name: str) -> None:
    """One instance; masks of polygons may differ along their edge."""
    height, width = mask.shape
    clipped = np.clip(one.box, 0, [width, height] * 2)
    edge = 2 * (np.ptp(clipped[0::2]) + np.ptp(clipped[1::2])) + 8
    if name != one.name or not (np.allclose(box, one.box, atol=0.01)
                                or np.allclose(box, clipped, atol=0.01)):
        raise WrongResult(f'{file_name}: {name} {box} for {one.name} {one.box}')
    if mask.shape != one.mask.shape or (mask.astype(bool) ^ one.mask).sum() > edge:
        raise WrongResult(f'{file_name}: mask of {mask.sum()} pixels for {one.mask.sum()}')
    # Objects whose box and mask have nothing in common are no objects.
    inside = one.mask[int(clipped[1]):math.ceil(clipped[3]), int(clipped[0]):math.ceil(clipped[2])]
    if not inside.any():
        raise WrongResult(f'{file_name}: nothing of the mask lies in the box {one.box}')


def _compare_evaluation(runner: Runner, content: Any,
                        instances: Dict[str, List[Instance]]) -> None:
    """Perfect predictions get AP 1 for every class."""
    metric = runner.val_loop.evaluator.metrics[0]
    metric.classwise = True
    results = []
    for image in content['images']:
        found = [one for one in instances[image['file_name']] if one.is_evaluated]
        boxes = np.array([one.box for one in found], dtype=float).reshape(-1, 4)
        masks = [_encoded(annotation, image) for annotation in content.get('annotations', [])
                 if annotation['image_id'] == image['id'] and not annotation.get('iscrowd', 0)]
        results.append((dict(), dict(
            img_id=image['id'], bboxes=boxes, masks=masks, scores=np.ones(len(found)),
            labels=np.array([CLASSES.index(one.name) if one.name in CLASSES else -1
                             for one in found], dtype=int))))
    metrics = metric.compute_metrics(results)
    for name in {one.name for found in instances.values() for one in found if one.is_evaluated}:
        if name in CLASSES and not metrics[f'{name}_precision'] >= 0.99:
            raise WrongResult(f'perfect predictions of {name} get {metrics[f"{name}_precision"]}')


def _encoded(annotation: dict, image: dict) -> dict:
    """A mask as pycocotools rasterises it."""
    segmentation, size = annotation['segmentation'], (image['height'], image['width'])
    if isinstance(segmentation, dict):
        mask = _mask(segmentation, *size)
        return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return coco_mask.merge(coco_mask.frPyObjects(segmentation, *size))


def _compare_account(runner: Runner, part: str, instances: Dict[str, List[Instance]]) -> None:
    """The numbers of ``data.json``."""
    account = json.loads(Path(runner.work_dir, 'data.json').read_text())['sources'][part]
    every = [one for found in instances.values() for one in found]
    count = sum(one.name in CLASSES and (one.is_evaluated if part == 'val' else one.is_learned)
                for one in every)
    left_out = sum(account['left_out'].values())
    if (account['instances'], left_out) != (count, len(every) - count):
        raise WrongResult(f'the account says {account["instances"]} and {left_out} left out, but '
                          f'there are {count} of {len(every)}')


def toy_model() -> torch.nn.Module:
    """The model of the toy world, built once."""
    hooks = dict(ddtf=dict(type='DualThresholdFilter'))
    return MODELS.build(toy_model_config(hooks, burn_in=1))
