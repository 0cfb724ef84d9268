"""Cityscapes converter, on a tiny gtFine tree."""

import json

import numpy as np
import pytest
from mmdet.datasets import CocoDataset
from PIL import Image
from pycocotools import mask as coco_mask

from mmssis.datasets.cityscapes import (CLASSES, convert_cityscapes, draw_polygons, instances_of,
                                        read_instance_ids)
from mmssis.datasets.coco_validation import validate_coco_json

IDS = np.full((8, 16), 7)
IDS[0:2, 0:4] = 24000
IDS[2:4, 0:4] = 24001
IDS[0:3, 6:9] = 26
IDS[5:8, 3:7] = 33002
IDS[5:8, 8:9] = 30000


@pytest.fixture
def root(tmp_path):
    """Two cities; the second image has no instance."""
    for city, ids in (('b', IDS), ('a', np.full((8, 16), 7))):
        for kind in ('leftImg8bit', 'gtFine'):
            (tmp_path / kind / 'train' / city).mkdir(parents=True)
        stem = f'train/{city}/{city}_000000_000019'
        Image.new('RGB', (16, 8)).save(tmp_path / 'leftImg8bit' / f'{stem}_leftImg8bit.png')
        Image.fromarray(ids.astype(np.uint16)).save(
            tmp_path / 'gtFine' / f'{stem}_gtFine_instanceIds.png')
    return tmp_path


def test_conversion(root):
    calls = []
    content = convert_cityscapes(str(root), 'train', lambda *call: calls.append(call))
    assert calls == [(1, 2), (2, 2)]
    assert [i['file_name'] for i in content['images']] == [
        f'{city}/{city}_000000_000019_leftImg8bit.png' for city in 'ab']
    assert [(a['image_id'], a['category_id'], a['iscrowd'], a['area'], a['bbox'])
            for a in content['annotations']] == [
                (2, 26, 1, 9, [6, 0, 3, 3]), (2, 24, 0, 8, [0, 0, 4, 2]),
                (2, 24, 0, 8, [0, 2, 4, 2]), (2, 33, 0, 12, [3, 5, 4, 3])]
    assert tuple(c['name'] for c in content['categories']) == CLASSES


def test_masks_are_exact():
    for annotation, value in zip(instances_of(IDS), (26, 24000, 24001, 33002)):
        assert (coco_mask.decode(annotation['segmentation']) == (IDS == value)).all()


def test_mmdet_reads_the_file(root):
    path = root / 'train.json'
    path.write_text(json.dumps(convert_cityscapes(str(root), 'train')))
    assert validate_coco_json(str(path), CLASSES) == []
    dataset = CocoDataset(ann_file=str(path), data_prefix=dict(img=str(root)),
                          metainfo=dict(classes=CLASSES))
    instances = dataset.get_data_info(1)['instances']
    assert [(i['bbox_label'], i['ignore_flag']) for i in instances] == [
        (2, 1), (0, 0), (0, 0), (7, 0)]


def polygon(label, left, top, right, bottom, **fields):
    return dict(label=label, polygon=[[left, top], [right, top], [right, bottom], [left, bottom]],
                **fields)


def test_polygons_where_the_png_is_missing(root):
    objects = [
        polygon('road', 0, 0, 15, 7), polygon('person', 0, 0, 3, 1), polygon('person', 0, 2, 3, 3),
        polygon('cargroup', 6, 0, 8, 2), polygon('car', 0, 0, 15, 7, deleted=1),
        polygon('license plate', 0, 0, 2, 1), polygon('bicycle', 3, 5, 6, 7),
        polygon('sky', 3, 5, 3, 7)]
    path = root / 'gtFine/train/b/b_000000_000019_gtFine_polygons.json'
    path.write_text(json.dumps(dict(imgHeight=8, imgWidth=16, objects=objects)))
    (root / 'gtFine/train/b/b_000000_000019_gtFine_instanceIds.png').unlink()
    ids = read_instance_ids(str(root / 'gtFine/train/b/b_000000_000019'))
    expected = np.full((8, 16), 7)
    expected[0:2, 0:4], expected[2:4, 0:4], expected[0:3, 6:9] = 24000, 24001, 26
    expected[5:8, 3:7], expected[5:8, 3] = 33000, 23
    assert (ids == expected).all()


def test_empty_annotation():
    assert not draw_polygons(dict(imgHeight=2, imgWidth=3, objects=[])).any()


def test_missing_annotation_is_named(root):
    (root / 'gtFine/train/b/b_000000_000019_gtFine_instanceIds.png').unlink()
    with pytest.raises(ValueError, match='b_000000_000019_gtFine_instanceIds.png'):
        convert_cityscapes(str(root), 'train')


def test_missing_split_is_named(root):
    with pytest.raises(ValueError, match='leftImg8bit/val'):
        convert_cityscapes(str(root), 'val')
