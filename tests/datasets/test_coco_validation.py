"""Absurd COCO files: each fault is named, and what is fine passes."""

import re

import pytest
from toy_data import CLASSES, coco_content, write_json

from mmssis.datasets.checks.coco_validation import (explain_coco_error, judge_coco,
                                                    validate_coco_json)


def problems_of(path, content, classes=None, **settings):
    return validate_coco_json(write_json(path / 'a.json', content), classes, **settings)


def change(key, index=0, **fields):
    """A change of one entry of a COCO file; a field set to None is removed."""
    def apply(content):
        for field, value in fields.items():
            if value is None:
                del content[key][index][field]
            else:
                content[key][index][field] = value
    return apply


def every(key, **fields):
    """A change of all entries; fields are functions of the entry."""
    def apply(content):
        for entry in content[key]:
            entry.update({field: make(entry) for field, make in fields.items()})
    return apply


def ids_as_text(content):
    content['images'][1]['id'] = '1'
    content['annotations'][1]['image_id'] = '1'


@pytest.mark.parametrize('fault, message', [
    pytest.param(change('images', height=None), r'\$.images\[0\] \(id 0\) has no "height"',
                 id='no_height'),
    pytest.param(change('images', width=-1), r'size \(-1, 24\)', id='negative_width'),
    pytest.param(change('images', width=10**9), 'width and height', id='no such image'),
    pytest.param(change('images', 1, id=0), '"images" occur more than once: 0', id='image_twice'),
    pytest.param(change('images', 1, file_name='./x/../a.png'), r"'a.png' \(ids 0, 1\)",
                 id='one file, two ids'),
    pytest.param(ids_as_text, "numbers and texts, 0 and '1'", id='ids of two kinds'),
    pytest.param(change('annotations', image_id='0'), "'0' is text, the \"id\" of the image, 0",
                 id='image_id as text'),
    pytest.param(change('annotations', category_id='1'), r'category_id.* is "1": expected `int`',
                 id='category_id as text'),
    pytest.param(change('annotations', category_id=9), 'category_id 9 is not', id='no category'),
    pytest.param(change('annotations', bbox=None), r'annotations\[0\] \(id 0 of image 0\) has no',
                 id='no_box'),
    pytest.param(change('annotations', 1, id=0), '"annotations" occur more than once', id='twice'),
    pytest.param(change('annotations', bbox=[1, 2, 3]), 'bbox', id='box_of_3'),
    pytest.param(change('annotations', bbox=[9, 9, -4, 2]), 'negative size', id='negative_box'),
    pytest.param(change('annotations', bbox=[9, 9, 4, 2e8]), 'far outside', id='huge_box'),
    pytest.param(change('annotations', image_id=77), 'image_id 77', id='unknown_image'),
    pytest.param(change('annotations', segmentation=[1, 2, 3, 4, 5, 6]), 'segmentation',
                 id='flat_polygon'),
    pytest.param(change('annotations', segmentation=[[4, 4, 16, 4, 16]]), '5 numbers', id='odd'),
    pytest.param(change('annotations', segmentation=[[4, 4, 16, 4, 16, 1e12]]),
                 r'from 4 to 1e\+12, far outside of the 32 x 24', id='huge_polygon'),
    pytest.param(change('annotations', segmentation=[[40, 4, 50, 4, 50, 9]]), 'outside',
                 id='polygon outside'),
    pytest.param(change('annotations', segmentation=[[.1, .1, .5, .1, .5, .9]]), 'wants pixels',
                 id='polygon in shares'),
    pytest.param(change('annotations', segmentation=dict(size=[9, 9], counts=[81])),
                 'differs from the image size', id='rle_size'),
    pytest.param(change('annotations', segmentation=dict(size=[32, 24], counts=[768])),
                 r'They are \[height, width\]', id='rle_size swapped'),
    pytest.param(change('annotations', segmentation=dict(size=[24, 32], counts=[0, 100])),
                 'has 100 pixels, the image 768', id='rle short'),
    pytest.param(change('annotations', segmentation=dict(size=[24, 32], counts=[-1, 769])),
                 'damaged', id='rle negative'),
    pytest.param(change('annotations', segmentation=dict(size=[24, 32], counts='')),
                 'has 0 pixels', id='rle empty text'),
    pytest.param(every('annotations', bbox=lambda a: [0.1, 0.2, 0.5, 0.25]), '0 to 1',
                 id='boxes in shares'),
    pytest.param(every('annotations', bbox=lambda a: [4, 4, 16, 12]),
                 r'corners \[x1, y1, x2, y2\]: so read, 100 % of 2', id='corners'),
    pytest.param(every('annotations', bbox=lambda a: [10, 8, 12, 8]), 'centres', id='centres'),
    pytest.param(every('annotations', bbox=lambda a: [20, 14, 9, 9]), 'other images or objects',
                 id='another box'),
    pytest.param(lambda content: content['images'].clear(), 'lists no image', id='no image'),
    pytest.param(lambda content: content['images'].append(None), r'images\[2\] is null', id='null'),
    pytest.param(lambda content: content.update(annotations=None), 'annotations is null',
                 id='annotations_null'),
])
def test_faults_are_named(tmp_path, fault, message):
    content = coco_content(['a.png', 'b.png'])
    fault(content)
    problems = problems_of(tmp_path, content)
    assert any(re.search(message, problem) for problem in problems), problems
    assert all(str(tmp_path / 'a.json') in problem for problem in problems)


@pytest.mark.parametrize('fine', [
    pytest.param(lambda content: None, id='plain'),
    pytest.param(change('annotations', iscrowd=1, segmentation=dict(
        size=[24, 32], counts=[0, 5, 763])), id='crowd'),
    pytest.param(change('annotations', segmentation=[[4, 4, 16, 12, 16, 4, 4, 12]]), id='crossing'),
    pytest.param(change('annotations', segmentation=[[4, 4, 16, 4], [4, 4, 16, 4, 16, 12]]),
                 id='a part of two points'),
    pytest.param(change('annotations', bbox=[26, 4, 40, 8], segmentation=[
        [26, 4, 66, 4, 66, 12, 26, 12]]), id='over the border'),
    pytest.param(change('annotations', iscrowd=None, area=None), id='no iscrowd, no area'),
    pytest.param(lambda content: (
        every('images', id=lambda image: str(image['id']))(content),
        every('annotations', image_id=lambda a: str(a['image_id']))(content)), id='text ids'),
    pytest.param(lambda content: content.pop('annotations'), id='images_only'),
])
def test_what_is_fine_passes(tmp_path, fine):
    content = coco_content(['a.png', 'b.png'])
    fine(content)
    assert problems_of(tmp_path, content, CLASSES) == []


def test_files_of_boxes_need_no_masks(tmp_path):
    content = coco_content(['a.png', 'b.png'])
    change('annotations', area=None, segmentation='x')(content)
    assert problems_of(tmp_path, content, masks=False) == []


def test_few_boxes_that_do_not_fit_their_masks_are_warned_of(tmp_path):
    content = coco_content([f'{i}.png' for i in range(10)])
    change('annotations', 3, bbox=[20, 14, 9, 9])(content)
    judgement = judge_coco(write_json(tmp_path / 'a.json', content))
    assert judgement.problems == () and len(judgement.warnings) == 1
    assert 'in 1 of 10 annotations' in judgement.warnings[0] and 'id 3' in judgement.warnings[0]


def test_a_file_that_changed_is_read_again(tmp_path):
    content = coco_content(['a.png', 'b.png'])
    assert problems_of(tmp_path, content) == []
    change('annotations', bbox=[9, 9, -4, 2])(content)
    assert len(problems_of(tmp_path, content)) == 1


@pytest.mark.parametrize('classes, message', [
    pytest.param(('cat', 'cow'), "lack ['cow']", id='unknown'),
    pytest.param(('dog', 'cat'), 'order', id='swapped'),
    pytest.param(('dog', ), None, id='fewer than in the file'),
])
def test_categories_against_classes(tmp_path, classes, message):
    problems = problems_of(tmp_path, coco_content(['a.png', 'b.png']), classes)
    assert message in problems[0] if message else problems == []


def test_many_problems_are_counted(tmp_path):
    content = coco_content([f'{i}.png' for i in range(30)])
    for image in content['images']:
        image['height'] = 0
    problems = problems_of(tmp_path, content)
    assert len([p for p in problems if 'has the size' in p]) == 10 and '20 more' in problems[10]


@pytest.mark.parametrize('content, settings, message', [
    pytest.param(dict(images=[]), dict(), 'lists no image', id='empty'),
    pytest.param(dict(coco_content(['a.png']), annotations=[]), dict(filter_cfg=dict(min_size=1)),
                 'UnlabeledCocoDataset', id='no_annotations'),
    pytest.param(coco_content(['a.png']), dict(metainfo=dict(classes=('x', ))), "['x']",
                 id='classes'),
    pytest.param(coco_content(['a.png']), dict(), None, id='right'),
])
def test_gap_2_18_explanations(tmp_path, content, settings, message):
    write_json(tmp_path / 'a.json', content)
    cfg = dict(data_root=str(tmp_path), ann_file='a.json', **settings)
    explanation = explain_coco_error(cfg)
    assert explanation is None if message is None else message in explanation
