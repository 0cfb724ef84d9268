"""Cityscapes converter, on a tiny gtFine tree."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from toy_data import write_json

from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.datasets.converters.cityscapes import CLASSES, convert_cityscapes, read_instance_ids

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
    content = convert_cityscapes(str(root), 'train')
    assert validate_coco_json(write_json(root / 'train.json', content), CLASSES) == []
    assert [i['file_name'] for i in content['images']] == [
        f'{city}/{city}_000000_000019_leftImg8bit.png' for city in 'ab']
    assert [(a['image_id'], a['category_id'], a['iscrowd'], a['area'], a['bbox'])
            for a in content['annotations']] == [
                (2, 26, 1, 9, [6, 0, 3, 3]), (2, 24, 0, 8, [0, 0, 4, 2]),
                (2, 24, 0, 8, [0, 2, 4, 2]), (2, 33, 0, 12, [3, 5, 4, 3])]
    assert tuple(c['name'] for c in content['categories']) == CLASSES
    for annotation, value in zip(content['annotations'], (26, 24000, 24001, 33002)):
        assert (coco_mask.decode(annotation['segmentation']) == (IDS == value)).all()


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


@pytest.mark.parametrize('missing, split', [
    ('gtFine/train/b/b_000000_000019_gtFine_instanceIds.png', 'train'), ('leftImg8bit/val', 'val')])
def test_what_is_missing_is_named(root, missing, split):
    (root / missing).unlink(missing_ok=True)
    with pytest.raises(ValueError, match=missing):
        convert_cityscapes(str(root), split)
