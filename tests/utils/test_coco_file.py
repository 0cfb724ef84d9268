"""COCO files as bytes: read right, or refused with the cause."""

import gzip
import json
import os
import pickle

import pytest
from toy_data import coco_content, write_json

from mmssis.utils.coco_file import CocoBox, CocoRle, read_coco, read_content, scan_coco

TEXT = json.dumps(coco_content(['ä.png', 'b.png']), ensure_ascii=False)


def with_text(old, new):
    assert old in TEXT
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize('data, message', [
    pytest.param('', 'is empty', id='empty'),
    pytest.param('\ufeff' + TEXT, 'byte order mark', id='BOM'),
    pytest.param(TEXT.encode('utf-16'), 'iconv -f UTF-16', id='UTF-16'),
    pytest.param(TEXT.encode('utf-16-le'), 'UTF-16', id='UTF-16 without BOM'),
    pytest.param(TEXT.encode('utf-32'), 'UTF-32', id='UTF-32'),
    pytest.param(TEXT.encode('latin-1'), 'byte 0xe4 at offset 36', id='Latin-1'),
    pytest.param(gzip.compress(TEXT.encode()), 'gunzip', id='gzip'),
    pytest.param(pickle.dumps(TEXT), 'pickle', id='pickle'),
    pytest.param('<!DOCTYPE html><html>', 'web page', id='HTML'),
    pytest.param(repr(json.loads(TEXT)), 'printed Python', id='Python'),
    pytest.param(TEXT[:300], 'ends too early', id='cut off'),
    pytest.param(TEXT + '\n' + TEXT, 'several JSON values', id='JSON lines'),
    pytest.param(TEXT + ' end', "follows the end: 'end'", id='trailing'),
    pytest.param(with_text('"bbox": [4, 4', '"bbox": [4, NaN'), r'0\].bbox\[1\] is nan', id='NaN'),
    pytest.param(with_text('"area": 96', '"area": 1e999'), r'annotations\[0\].area .* is Infinity',
                 id='too large'),
    pytest.param(with_text('"height": 24', '"height": ' + '9' * 6000), 'thousands of digits at',
                 id='6000 digits'),
    pytest.param(with_text('"area"', '"x": -' + '9' * 6000 + ', "area"'), 'thousands of digits',
                 id='6000 digits of something else'),
    pytest.param('[' * 9999, 'too deeply', id='nested and no object'),
    pytest.param('[]]', 'no valid JSON: Extra data', id='trailing and no object'),
    pytest.param(with_text('"area"', '"x": ' + '[' * 9999 + ']' * 9999 + ', "area"'), 'too deeply',
                 id='nested'),
    pytest.param(with_text('b.png', r'\ud800.png'), 'half a character', id='lone surrogate'),
    pytest.param('[]', r'\$ is \[\]: .* COCO annotation file', id='a list'),
    pytest.param('{}', 'has no "images"', id='no images'),
    pytest.param(with_text('"id": 1, "name"', '"id": 1, "title"'), 'name', id='no name'),
    pytest.param(with_text('"iscrowd": 0', '"iscrowd": "0"'), r'\(id 0 of image 0\) is "0"',
                 id='a text that would be true'),
    pytest.param(with_text('"id": 0', '"id": true'), 'got `bool`', id='a truth value'),
])
def test_what_is_no_coco_file_is_refused_by_name(data, message, tmp_path):
    path = tmp_path / 'a.json'
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(ValueError, match=f'a.json.*{message}'):
        read_content(path)


@pytest.mark.parametrize('make, message', [
    pytest.param(lambda path: None, 'No such file', id='missing'),
    pytest.param(os.mkdir, 'a folder', id='folder'),
    pytest.param(os.mkfifo, 'a folder or a device', id='pipe'),
    pytest.param(lambda path: os.symlink(path, path), 'symbolic links', id='loop'),
])
def test_what_is_no_file_is_refused(make, message, tmp_path):
    make(tmp_path / 'a.json')
    with pytest.raises(ValueError, match=message):
        read_coco(tmp_path / 'a.json')


def test_values_and_kinds_of_ids_stay(tmp_path):
    content = coco_content(['a.png', 'b.png'])
    content['images'][1]['id'] = content['annotations'][1]['image_id'] = 'b'
    content['annotations'][1]['segmentation'] = dict(size=[24, 32], counts='abc')
    coco = read_coco(write_json(tmp_path / 'a.json', content))
    assert [image.id for image in coco.images] == [0, 'b']
    first, second = coco.annotations()
    assert first.bbox == (4, 4, 12, 8) and first.segmentation == [[4, 4, 16, 4, 16, 12, 4, 12]]
    assert second.image_id == 'b' and second.segmentation == CocoRle((24, 32), 'abc')
    assert [box.category_id for box in coco.annotations(CocoBox)] == [1, 2]


def test_all_wrong_annotations_can_be_collected(tmp_path):
    content = coco_content(['a.png', 'b.png', 'c.png'])
    content['annotations'][0]['bbox'] = [1, None, 2, 3]
    content['annotations'][2] = None
    problems = []
    coco = read_coco(write_json(tmp_path / 'a.json', content))
    assert [annotation.id for annotation in coco.annotations(problems=problems)] == [1]
    assert len(problems) == 2
    assert '$.annotations[0].bbox[1] (id 0 of image 0) is null' in problems[0]


def test_a_file_that_changed_is_scanned_again(tmp_path):
    content = coco_content(['a.png', 'b.png', 'c.png'])
    path = write_json(tmp_path / 'a.json', content)
    assert [category.name for category in scan_coco(path).categories] == ['cat', 'dog']
    del content['categories'][1]
    write_json(tmp_path / 'a.json', content)
    assert [category.name for category in scan_coco(path).categories] == ['cat']


def test_long_texts_of_digits_are_no_numbers(tmp_path):
    content = coco_content(['a.png'])
    content['annotations'][0]['segmentation'] = dict(size=[24, 32], counts='0' * 9000)
    annotation, = read_coco(write_json(tmp_path / 'a.json', content)).annotations()
    assert len(annotation.segmentation.counts) == 9000
