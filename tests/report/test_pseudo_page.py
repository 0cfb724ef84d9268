"""The page of a folder of pseudo labels."""

import json
import re

import pytest
from toy_data import coco_content, write_images

from mmssis.api import report

CLASSES = ('cat', 'dog', 'owl')


@pytest.fixture
def folder(tmp_path):
    """Two images with a label each, one without; no owl, and every dog is kept."""
    names = write_images(tmp_path / 'images', 3)
    content = coco_content(names, classes=CLASSES)
    content['annotations'] = [dict(item, score=0.625, mask_score=0.75, category_id=1 + i)
                              for i, item in enumerate(content['annotations'][:2])]
    rows = dict(cat=(4, 9, 1, 1), dog=(2, 1, 1, 1), owl=(1, 0, 0, 0))
    columns = ('labeled', 'detections', 'above_threshold', 'annotations')
    content['info'] = dict(provenance=dict(
        thresholds=dict(classes=dict(cat=0.5, dog=0.0, owl=0.0), pixel=0.004),
        num_images=dict(labeled=2, unlabeled=3), generation=dict(config='teacher.py'),
        classes={name: dict(zip(columns, row)) for name, row in rows.items()}))
    write(tmp_path, content)
    return tmp_path


def write(folder, content):
    (folder / 'pseudo_labels.json').write_text(json.dumps(content))


def content_of(folder):
    return json.loads((folder / 'pseudo_labels.json').read_text())


def data_of(page):
    return json.loads(re.search(r'id="page-data">(.*?)</script>', page.read_text(), re.S)[1])


def test_classes_thresholds_and_warnings(folder):
    text = report(folder).read_text()
    warnings = re.findall(r'<p class="warning">(.*?)</p>', text)
    assert [warning.partition(':')[0] for warning in warnings] == [
        '1 of 3 classes have no detection at all, so the student gets no pseudo label of them',
        'The matched threshold is 0.000 for dog',
        'The matched pixel threshold is 0.004']
    assert re.search(r'dog</th><td class="n">1</td><td class="n">0.333</td>\s*'
                     r'<td class="n">1.000</td><td class="n">1</td><td class="n">0.000</td>', text)
    assert 'give --image-root' in text and 'Plotly' not in text.partition('<script')[0]


def test_gallery_shows_empty_images_too(folder):
    gallery = data_of(report(folder, image_root=folder / 'images'))['gallery']
    found = [image['stages'][0] for image in gallery['images']]
    assert [stage['count'] for stage in found] == [1, 1, 0]
    assert found[2]['why_empty'] == 'No pseudo label for this image.'
    one = found[0]['instances'][0]
    assert (one['label'], one['class_score'], one['mask_score']) == (0, 0.625, 0.75)
    assert gallery['images'][0]['paths'][0].startswith('M')


def test_files_of_others_and_missing_images(folder):
    content = content_of(folder)
    del content['info']
    write(folder, content)
    (folder / 'images' / '1.png').unlink()
    page = report(folder, image_root=folder / 'images')
    assert 'No pseudo label at all: owl' in page.read_text()
    assert 'Thresholds are left out' in page.read_text()
    assert len(data_of(page)['gallery']['images']) == 2 and '1 could not be read' in \
        page.read_text()


@pytest.mark.parametrize('text', [
    pytest.param('{', id='torn'), pytest.param('[]', id='a_list'),
    pytest.param('{"images": []}', id='no_annotations')])
def test_no_coco_file_is_refused(folder, text):
    (folder / 'pseudo_labels.json').write_text(text)
    with pytest.raises(ValueError, match='pseudo_labels.json (is no COCO file|lacks)'):
        report(folder)
