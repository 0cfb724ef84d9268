"""BDD100K converter, on a tiny tree of images, bitmasks and Scalabel files."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.datasets.converters.bdd100k_labels import (CLASSES, instances_of_bitmask,
                                                       instances_of_labels, polygon_points)

TOOL = 'dataset_converters/bdd100k_to_coco.py'
SIZE = (8, 12)


def bitmask(*objects):
    """An RGBA bitmask of (rows, columns, category, attributes, instance id)."""
    pixels = np.zeros((*SIZE, 4), np.uint8)
    for rows, columns, category, attributes, number in objects:
        pixels[slice(*rows), slice(*columns)] = (category, attributes, number >> 8, number & 255)
    return pixels


def square(left, top, right, bottom, types='LLLL', closed=True):
    """A part of a poly2d."""
    vertices = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return dict(vertices=vertices, types=types, closed=closed)


def label(category, *parts, attributes=None, **fields):
    """A Scalabel label."""
    return dict(category=category, attributes=attributes, poly2d=list(parts), **fields)


PIXELS = bitmask(((0, 4), (0, 6), 3, 0b1100, 1), ((2, 4), (3, 6), 3, 0, 300),
                 ((5, 8), (0, 2), 1, 0b0010, 2), ((5, 8), (4, 6), 8, 0b0001, 3))
LABELS = [label('car', square(0, 0, 6, 4), attributes=dict(truncated=True, occluded=True)),
          label('car', square(3, 2, 6, 4)),
          label('person', square(0, 5, 2, 8), attributes=dict(crowd=True)),
          label('other vehicle', square(4, 5, 6, 8))]


@pytest.fixture
def root(tmp_path):
    """Two labeled images, one without objects; three images of 100k, one of them labeled too."""
    for folder, names in (('10k/train', 'ba'), ('10k/val', 'c'), ('10k/test', 'd'),
                          ('100k/train', 'aefc')):
        (tmp_path / 'images' / folder).mkdir(parents=True)
        for name in names:
            Image.new('RGB', SIZE[::-1]).save(tmp_path / 'images' / folder / f'{name}.jpg')
    labels = tmp_path / 'labels' / 'ins_seg'
    (labels / 'bitmasks' / 'train').mkdir(parents=True)
    Image.fromarray(PIXELS).save(labels / 'bitmasks/train/b.png')
    Image.fromarray(bitmask()).save(labels / 'bitmasks/train/a.png')
    (labels / 'polygons').mkdir()
    frames = [dict(name='b.jpg', labels=LABELS), dict(name='a.jpg')]
    (labels / 'polygons/ins_seg_train.json').write_text(json.dumps(frames))
    (labels / 'rles').mkdir()
    rles = [dict(category='rider', rle=dict(a['segmentation']))
            for a in instances_of_labels(LABELS[:1], SIZE)]
    content = dict(config={}, frames=[dict(name='b.jpg', labels=rles)])
    (labels / 'rles/ins_seg_train.json').write_text(json.dumps(content))
    return tmp_path


def convert(run_tool, root, source):
    """Run the tool on the training split."""
    run_tool(TOOL, root, '--format', source, '--splits', 'train', '--no-unlabeled')
    return json.loads((root / f'annotations/ins_seg_train_{source}.json').read_text())


def summary(annotations):
    return [(a['category_id'], a['iscrowd'], a['area'], a['bbox']) for a in annotations]


@pytest.mark.parametrize('empty', [
    pytest.param(label('car', square(0, 0, 4, 4, closed=False)), id='open_line'),
    pytest.param(label('car', dict(vertices=[[0, 0], [4, 4]], types='LL', closed=True)),
                 id='two_points'),
])
def test_labels_that_cover_nothing(empty):
    assert instances_of_bitmask(bitmask()) == []
    assert instances_of_labels([empty], SIZE) == []


def test_bitmask_objects_hide_one_another_and_polygons_overlap():
    person, bike = (1, 1, 6, [0, 5, 2, 3]), (8, 1, 6, [4, 5, 2, 3])
    whole, hidden = (3, 0, 24, [0, 0, 6, 4]), (3, 0, 18, [0, 0, 6, 4])
    front, other = (3, 0, 6, [3, 2, 3, 2]), (3, 1, 6, [4, 5, 2, 3])
    assert summary(instances_of_bitmask(PIXELS)) == [person, front, hidden, bike]
    assert summary(instances_of_labels(LABELS, SIZE)) == [whole, front, person, other]


def test_parts_of_an_object_are_one_annotation():
    parts = square(0, 0, 2, 2), square(8, 4, 12, 8)
    [annotation] = instances_of_labels([label('bike', *parts)], SIZE)
    assert (annotation['category_id'], annotation['area']) == (8, 4 + 16)


@pytest.mark.parametrize('start', [0, 3, 1], ids=['inside', 'closes_the_outline', 'opens_it'])
def test_curves_are_bezier(start):
    """A bow over a chord of length 3: 0.75 high, its area is 1.5."""
    vertices = np.roll([[0, 0], [1, 1], [2, 1], [3, 0]], -start, axis=0)
    types = np.roll(list('LCCL'), -start)
    points = np.reshape(polygon_points(vertices, ''.join(types)), (-1, 2))
    x, y = points.T
    area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
    assert len(points) == 2 + 15
    assert points[:, 1].max() == pytest.approx(0.75)
    assert area == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize('source, objects', [('bitmasks', 4), ('polygons', 4), ('rles', 1)])
def test_conversion(run_tool, root, source, objects, capsys):
    content = convert(run_tool, root, source)
    assert [i['file_name'] for i in content['images']][-1:] == ['b.jpg']
    assert {(i['height'], i['width']) for i in content['images']} == {SIZE}
    assert {a['image_id'] for a in content['annotations']} == {content['images'][-1]['id']}
    assert [a['id'] for a in content['annotations']] == list(range(1, objects + 1))
    assert tuple(c['name'] for c in content['categories']) == CLASSES
    assert f'{objects} instances' in capsys.readouterr().out
    path = str(root / f'annotations/ins_seg_train_{source}.json')
    assert validate_coco_json(path, CLASSES) == []
    if source == 'rles':
        [annotation] = content['annotations']
        assert coco_mask.decode(annotation['segmentation'])[:4, :6].all()
        assert annotation['category_id'] == 2 and annotation['area'] == 24


def test_images_of_the_10k_set_are_not_unlabeled(run_tool, root):
    run_tool(TOOL, root, '--splits')
    content = json.loads((root / 'annotations/unlabeled.json').read_text())
    assert [i['file_name'] for i in content['images']] == ['e.jpg', 'f.jpg']
    assert content['images'][0]['width'] == 12 and content['annotations'] == []


def write_label(root, **label):
    path = root / 'labels/ins_seg/rles/ins_seg_train.json'
    path.write_text(json.dumps([dict(name='a.jpg', labels=[label])]))


def write_bitmask(root, pixels):
    Image.fromarray(pixels).save(root / 'labels/ins_seg/bitmasks/train/a.png')


@pytest.mark.parametrize('source, damage, message', [
    pytest.param('rles', lambda root: write_label(root, category='tree'),
                 "ins_seg_train.json, a.jpg: .*'tree' is none of", id='category'),
    pytest.param('rles', lambda root: write_label(
        root, category='car', rle=dict(size=[4, 4], counts='`0')), r'a.jpg: .*\[4, 4\]', id='size'),
    pytest.param('bitmasks', lambda root: write_bitmask(root, bitmask(((0, 1), (0, 1), 31, 0, 1))),
                 'a.png.*category id 31.*panoptic', id='panoptic'),
    pytest.param('bitmasks', lambda root: (root / 'images/10k/train/b.jpg').unlink(),
                 'train/b.jpg', id='no_image'),
    pytest.param('bitmasks', lambda root: (root / 'labels/ins_seg').rename(root / 'elsewhere'),
                 'bitmasks/train', id='no_bitmasks'),
    pytest.param('polygons', lambda root: (root / 'labels/ins_seg').rename(root / 'elsewhere'),
                 'ins_seg_train.json', id='no_labels'),
])
def test_damage_is_named(run_tool, root, source, damage, message):
    damage(root)
    with pytest.raises((ValueError, OSError), match=message):
        convert(run_tool, root, source)
