"""Splits: without replacement, repeatable, nested, and as published."""

import hashlib
import json

import pytest
from toy_data import coco_content, write_json

from mmssis.datasets.converters.splits import (count_of_percent, draw_labeled_ids, ids_sha256,
                                               read_published_ids, split_content, write_split)

NAMES = [f'city/{i}.png' for i in range(50)]


@pytest.fixture
def content():
    """50 images of classes a and b in turn; c is on image 33 alone, d only as a crowd."""
    content = coco_content(NAMES, classes=('a', 'b'))
    content['categories'] += [dict(id=3, name='c'), dict(id=4, name='d')]
    content['annotations'][33]['category_id'] = 3
    content['annotations'][34].update(category_id=4, iscrowd=1)
    return content


@pytest.mark.parametrize('percent, num_images, count', [
    pytest.param(1, 118287, 1182, id='coco_1'),
    pytest.param(5, 2975, 148, id='cityscapes_5'),
    pytest.param(0.7, 1000, 7, id='no_rounding_error'),
    pytest.param(100, 3, 3, id='all'),
])
def test_count_of_percent(percent, num_images, count):
    assert count_of_percent(percent, num_images) == count


@pytest.mark.parametrize('count', [1, 50])
def test_gap_2_33_draws_without_replacement(content, count):
    ids = draw_labeled_ids(content, count)
    assert len(set(ids)) == count and ids == sorted(ids) and set(ids) <= set(range(50))


def test_draw_is_decided_by_seed_and_fold_not_by_the_order_of_the_file(content):
    first = draw_labeled_ids(content, 20)
    content['images'].reverse()
    assert draw_labeled_ids(content, 20) == first
    assert draw_labeled_ids(content, 20, fold=2) != first
    assert draw_labeled_ids(content, 20, seed=1) != first


@pytest.mark.parametrize('every_category', [False, True])
def test_larger_splits_contain_smaller_ones(content, every_category):
    splits = [set(draw_labeled_ids(content, count, every_category=every_category))
              for count in (5, 10, 40)]
    assert splits[0] < splits[1] < splits[2]


def test_every_category_occurs(content):
    for fold in range(5):
        ids = draw_labeled_ids(content, 3, fold, every_category=True)
        labels = {a['category_id'] for a in content['annotations'] if a['image_id'] in ids}
        assert labels >= {1, 2, 3} and 33 in ids


@pytest.mark.parametrize('call, message', [
    pytest.param(lambda content: count_of_percent(0, 100), '0', id='no percent'),
    pytest.param(lambda content: count_of_percent(101, 100), '101', id='too many percent'),
    pytest.param(lambda content: count_of_percent(0.001, 100), '0.001', id='less than an image'),
    pytest.param(lambda content: draw_labeled_ids(content, 0), 'labeled images = 0: give',
                 id='none'),
    pytest.param(lambda content: draw_labeled_ids(content, 51), 'labeled images = 51: give',
                 id='too many'),
    pytest.param(lambda content: draw_labeled_ids(content, 2, every_category=True), '3 suffice',
                 id='too few for the categories'),
])
def test_impossible_draws(content, call, message):
    with pytest.raises(ValueError, match=message):
        call(content)


def test_split_content_is_a_partition_and_hides_the_labels(content):
    labeled, unlabeled = split_content(content, [3, 7], dict(fold=1))
    assert [i['id'] for i in labeled['images']] == [3, 7]
    assert [a['image_id'] for a in labeled['annotations']] == [3, 7]
    assert len(unlabeled['images']) == 48 and unlabeled['annotations'] == []
    assert labeled['categories'] == unlabeled['categories'] == content['categories']
    assert labeled['info']['split'] == dict(fold=1, num_labeled=2, sha256=ids_sha256([3, 7]))
    assert 'info' not in content


def test_files_of_a_split(content, tmp_path):
    prefix = str(tmp_path / 'semi_anns' / 'train.1@4')
    assert ids_sha256([5, 3]) == ids_sha256([3, 5]) == hashlib.sha256(b'3\n5').hexdigest()
    paths = write_split(content, [5, 3], prefix, dict(fold=1))
    assert paths == (f'{prefix}.json', f'{prefix}-unlabeled.json', f'{prefix}.ids.txt')
    assert (tmp_path / 'semi_anns' / 'train.1@4.ids.txt').read_text() == (
        f'# sha256 {ids_sha256([3, 5])}\n3\n5\n')
    for path in paths[::2]:
        assert read_published_ids(path, content) == [3, 5]


@pytest.mark.parametrize('name, text', [
    pytest.param('ids.txt', '3\n\n# note\n5\n', id='ids'),
    pytest.param('names.txt', 'city/5.png\ncity/3.png\n', id='file_names'),
    pytest.param('base.txt', '5.png\n3.png\n', id='base_names'),
    pytest.param('ids.json', '[5, 3]', id='json_ids'),
])
def test_published_lists(content, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_published_ids(str(tmp_path / name), content) == [3, 5]


@pytest.mark.parametrize('text, message', [
    pytest.param('3\n77\nx.png\n', '2 of 3 entries .*77, x.png', id='unknown'),
    pytest.param('3\n3\n', '1 images occur more than once', id='twice'),
    pytest.param('9.png\n', 'more than one: 9.png', id='ambiguous'),
    pytest.param('3\ncity/4.png\n', 'throughout', id='mixed'),
])
def test_published_lists_that_do_not_fit(content, tmp_path, text, message):
    content['images'][1]['file_name'] = 'other/9.png'
    (tmp_path / 'a.txt').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_published_ids(str(tmp_path / 'a.txt'), content)


def test_string_ids_work(content, tmp_path):
    for image in content['images']:
        image['id'] = f'id{image["id"]}'
    ids = draw_labeled_ids(content, 4)
    path = write_json(tmp_path / 'a.json', ids)
    assert read_published_ids(path, content) == ids and json.dumps(ids)
