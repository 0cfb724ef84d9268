"""Absurd COCO files: each fault is named, and what is fine passes."""

import re

import pytest
from toy_data import CLASSES, coco_content, write_json

from mmssis.datasets.checks.coco_validation import explain_coco_error, validate_coco_json


def problems_of(path, content, classes=None):
    return validate_coco_json(write_json(path / 'a.json', content), classes)


def change(key, index=0, **fields):
    """A change of one entry of a COCO file; a field set to None is removed."""
    def apply(content):
        for field, value in fields.items():
            if value is None:
                del content[key][index][field]
            else:
                content[key][index][field] = value
    return apply


@pytest.mark.parametrize('fault, message', [
    pytest.param(change('images', height=None), 'image with id 0 has no "height"', id='no_height'),
    pytest.param(change('images', width=-1), r'size \(-1, 24\)', id='negative_width'),
    pytest.param(change('images', 1, id=0), '"images" occur more than once: 0', id='image_twice'),
    pytest.param(change('annotations', bbox=None), 'annotation with id 0 has no "bbox"',
                 id='no_box'),
    pytest.param(change('annotations', bbox=[1, 2, 3]), 'bbox', id='box_of_3'),
    pytest.param(change('annotations', bbox=[9, 9, -4, 2]), 'negative size', id='negative_box'),
    pytest.param(change('annotations', image_id=77), 'image_id 77', id='unknown_image'),
    pytest.param(change('annotations', segmentation=[1, 2, 3, 4, 5, 6]), 'segmentation',
                 id='flat_polygon'),
    pytest.param(change('annotations', segmentation=dict(size=[9, 9], counts=[81])),
                 'differs from the image size', id='rle_size'),
    pytest.param(lambda content: content['images'].append(None), 'image is None', id='null'),
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
    pytest.param(lambda content: content.pop('annotations'), id='images_only'),
])
def test_what_is_fine_passes(tmp_path, fine):
    content = coco_content(['a.png', 'b.png'])
    fine(content)
    assert problems_of(tmp_path, content, CLASSES) == []


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
        del image['height']
    problems = problems_of(tmp_path, content)
    assert len(problems) == 11 and '20 more' in problems[-1]


@pytest.mark.parametrize('text', [None, '', '[]', '{}', '{"images": {}}'])
def test_no_coco_file(tmp_path, text):
    if text is not None:
        (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match='a.json'):
        validate_coco_json(str(tmp_path / 'a.json'))


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
