"""Absurd COCO files: each fault is named, and what is fine passes."""

import re

import pytest
from mmdet.datasets import CocoDataset
from mmdet.datasets.transforms import LoadAnnotations
from toy_data import CLASSES, coco_content, write_json

from mmssis.datasets.coco_validation import explain_coco_error, shorten, validate_coco_json


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
    pytest.param(change('images', file_name=None), 'no "file_name"', id='no_file_name'),
    pytest.param(change('images', width='32'), r'"width" is \'32\' \(str\)', id='width_str'),
    pytest.param(change('images', width=True), '"width" is True', id='width_bool'),
    pytest.param(change('images', width=-1), r'size \(-1, 24\)', id='negative_width'),
    pytest.param(change('images', 1, id=0), '"images" occur more than once: 0', id='image_twice'),
    pytest.param(change('annotations', bbox=None), 'annotation with id 0 has no "bbox"',
                 id='no_box'),
    pytest.param(change('annotations', area='big'), '"area" is \'big\'', id='area_str'),
    pytest.param(change('annotations', bbox=[1, 2, 3]), 'bbox', id='box_of_3'),
    pytest.param(change('annotations', bbox=[1, 2, None, 4]), 'bbox', id='box_none'),
    pytest.param(change('annotations', bbox=[9, 9, -4, 2]), 'negative size', id='negative_box'),
    pytest.param(change('annotations', 1, id=0), '"annotations" occur more than once', id='twice'),
    pytest.param(change('annotations', image_id=77), 'image_id 77', id='unknown_image'),
    pytest.param(change('annotations', category_id=9), 'category_id 9', id='unknown_category'),
    pytest.param(change('annotations', segmentation=[1, 2, 3, 4, 5, 6]), 'segmentation',
                 id='flat_polygon'),
    pytest.param(change('annotations', segmentation=[[1, 2, 'x', 4]]), 'segmentation',
                 id='polygon_str'),
    pytest.param(change('annotations', segmentation='1,2'), 'segmentation', id='mask_str'),
    pytest.param(change('annotations', segmentation=dict(size=[9, 9], counts=[81])),
                 'differs from the image size', id='rle_size'),
    pytest.param(lambda content: content['annotations'].append(3), 'annotation is 3', id='number'),
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
    pytest.param(change('annotations', bbox=[1, 2, 3, 0]), id='flat_box'),
    pytest.param(change('annotations', segmentation=None), id='no_mask'),
    pytest.param(lambda content: content.pop('annotations'), id='images_only'),
])
def test_what_is_fine_passes(tmp_path, fine):
    content = coco_content(['a.png', 'b.png'])
    fine(content)
    assert problems_of(tmp_path, content, CLASSES) == []


@pytest.mark.parametrize('classes, message', [
    pytest.param(('cat', 'cow'), "['cow'] are not among", id='unknown'),
    pytest.param(('dog', 'cat'), 'order', id='swapped'),
    pytest.param(('cat', 'cat'), 'order', id='twice'),
])
def test_categories_against_classes(tmp_path, classes, message):
    problem, = problems_of(tmp_path, coco_content(['a.png']), classes)
    assert message in problem


def test_fewer_classes_than_categories_pass(tmp_path):
    assert problems_of(tmp_path, coco_content(['a.png', 'b.png']), ('dog', )) == []


def test_swapped_classes_would_swap_labels_in_mmdet(tmp_path):
    """Why the order is checked: mmdet takes it from the file without a word."""
    path = write_json(tmp_path / 'a.json', coco_content(['a.png']))
    dataset = CocoDataset(ann_file=path, data_prefix=dict(img=''),
                          metainfo=dict(classes=('dog', 'cat')))
    assert dataset.get_data_info(0)['instances'][0]['bbox_label'] == 0


def test_many_problems_are_counted(tmp_path):
    content = coco_content([f'{i}.png' for i in range(30)])
    for image in content['images']:
        del image['height']
    problems = problems_of(tmp_path, content)
    assert len(problems) == 11 and '20 more' in problems[-1]


@pytest.mark.parametrize('text', ['', '{"images": [', '[]', '{}', '{"images": {}}'])
def test_no_coco_file(tmp_path, text):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match='a.json'):
        validate_coco_json(str(tmp_path / 'a.json'))


def test_missing_file():
    with pytest.raises(ValueError, match='absent.json'):
        validate_coco_json('absent.json')


@pytest.mark.parametrize('content, settings, message', [
    pytest.param(dict(images=[]), dict(), 'lists no image', id='empty'),
    pytest.param(dict(coco_content(['a.png']), annotations=[]), dict(filter_cfg=dict(min_size=1)),
                 'UnlabeledCocoDataset', id='no_annotations'),
    pytest.param(coco_content(['a.png']), dict(metainfo=dict(classes=('x', ))), "['x']",
                 id='classes'),
])
def test_gap_2_18_explanations(tmp_path, content, settings, message):
    write_json(tmp_path / 'a.json', content)
    cfg = dict(data_root=str(tmp_path), ann_file='a.json', **settings)
    assert message in explain_coco_error(cfg)


def test_no_explanation_where_the_file_is_right(tmp_path):
    write_json(tmp_path / 'a.json', coco_content(['a.png']))
    assert explain_coco_error(dict(data_root=str(tmp_path), ann_file='a.json')) is None
    assert explain_coco_error(dict(data_root=str(tmp_path))) is None


def test_crossing_polygon_is_rasterised_rightly(tmp_path):
    """A bow tie covers its two triangles and not the gaps beside the crossing."""
    content = coco_content(['a.png'])
    content['annotations'][0]['segmentation'] = [[4, 4, 16, 12, 16, 4, 4, 12]]
    dataset = CocoDataset(ann_file=write_json(tmp_path / 'a.json', content),
                          data_prefix=dict(img=''), metainfo=dict(classes=CLASSES))
    results = dict(dataset.get_data_info(0), ori_shape=(24, 32), img_shape=(24, 32))
    results = LoadAnnotations(with_bbox=True, with_mask=True)(results)
    mask = results['gt_masks'].masks[0]
    assert mask[8, 5] and mask[8, 14] and not mask[4, 10] and not mask[11, 10]
    assert mask.sum() == pytest.approx(48, abs=8)
    assert not mask[:4].any()


@pytest.mark.parametrize('num, text', [(0, ''), (2, '0, 1'), (12, 'and 2 more')])
def test_shorten(num, text):
    assert text in shorten(list(range(num)))
