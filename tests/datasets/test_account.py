"""The account of a run's data: what is learned, what is left out, and why."""

import json

import pytest
from mmdet.registry import DATASETS, TRANSFORMS
from toy_data import CLASSES, coco_content, write_images, write_json

from mmssis.datasets.checks import account, run_data
from mmssis.datasets.checks.account_table import MAX_LINES, WIDTH, table
from mmssis.datasets.checks.network_size import network_size

RESIZE = dict(type='Resize', scale=(64, 48), keep_ratio=True)
LIMIT = {'num_queries': 2, 'model.detector.test_cfg.max_per_image': 9}


def built(*steps):
    return [TRANSFORMS.build(step) for step in steps]


def leaf(path, content, name='labeled', **settings):
    config = dict(
        type='CocoDataset', ann_file=write_json(path / f'{name}.json', content),
        data_prefix=dict(img=str(path)), metainfo=dict(classes=CLASSES),
        filter_cfg=dict(filter_empty_gt=True), pipeline=[RESIZE])
    return DATASETS.build(dict(config, **settings))


def four(**changes):
    """A file of 4 images with an annotation each, of which the first is changed."""
    content = coco_content([f'{i}.png' for i in range(4)])
    content['annotations'][0].update(changes)
    return content


def account_for(val=None, classes=CLASSES, **sources):
    return run_data.account_for(run_data.RunData(sources, val, classes), LIMIT)


@pytest.mark.parametrize('changes, reason', [
    pytest.param(dict(), None, id='learned'),
    pytest.param(dict(iscrowd=1), 'iscrowd=1', id='crowd'),
    pytest.param(dict(ignore=1), 'ignore=1', id='ignore'),
    pytest.param(dict(area=0), 'area 0', id='area 0'),
    pytest.param(dict(area=-3), 'area 0', id='negative area'),
    pytest.param(dict(bbox=[32, 4, 9, 9]), 'outside', id='right of the image'),
    pytest.param(dict(bbox=[-9, 4, 9, 9]), 'outside', id='left of the image'),
    pytest.param(dict(bbox=[4, -9, 9, 9]), 'outside', id='above the image'),
    pytest.param(dict(bbox=[31, 23, 9, 9]), None, id='a pixel inside'),
    pytest.param(dict(bbox=[4, 4, 0.9, 9]), 'below a pixel', id='narrow'),
    pytest.param(dict(bbox=[4, 4, 9, 0]), 'below a pixel', id='no height'),
    pytest.param(dict(bbox=[4, 4, 1, 1]), None, id='one pixel'),
    pytest.param(dict(category_id=3), 'no class of classes', id='another class'),
    pytest.param(dict(category_id=3, area=0), 'no class of classes', id='another class first'),
])
def test_why_an_annotation_is_not_learned_from(tmp_path, changes, reason):
    content = four(**changes)
    content['categories'].append(dict(id=3, name='cow'))
    source = account_for(labeled=leaf(tmp_path, content)).sources['labeled']
    assert source.left_out == ({} if reason is None else {reason: 1})
    assert source.instances == 4 - len(source.left_out)
    assert source.num_lost == (reason not in (None, 'no class of classes'))
    # mmdet keeps the image of a lost annotation, as background, unless its class is not asked for.
    dropped = reason == 'no class of classes'
    assert source.images_left_out == ({'without objects': 1} if dropped else {})
    assert source.images_without_objects == (reason is not None and not dropped)


@pytest.mark.parametrize('settings, images, left_out', [
    pytest.param(dict(filter_cfg=dict(filter_empty_gt=True, min_size=25)), {'image too small': 2,
                 'without objects': 1}, {'image too small': 2}, id='small images'),
    pytest.param(dict(filter_cfg=None), {}, {}, id='images without objects are kept'),
    pytest.param(dict(indices=[0, 1]), {'not chosen': 1, 'without objects': 1}, {'not chosen': 1},
                 id='a part of the file'),
])
def test_why_an_image_is_not_learned_from(tmp_path, settings, images, left_out):
    content = four()
    del content['annotations'][3]
    content['images'][0].update(height=25)
    source = account_for(labeled=leaf(tmp_path, content, **settings)).sources['labeled']
    if images.get('not chosen'):  # the empty one is no part of the first two either
        assert source.images == 2 and source.left_out == left_out
        assert source.num_lost == 0
    assert (source.images_left_out, source.left_out) == (images, left_out)


def test_what_the_rules_do_not_explain_is_other(tmp_path):
    dataset = leaf(tmp_path, four())
    write_json(tmp_path / 'labeled.json', dict(four(), annotations=four()['annotations'] * 2))
    source = account_for(labeled=dataset).sources['labeled']
    assert source.left_out == {'other': 4} and source.instances == 4


def test_boxes_alone_need_no_area(tmp_path):
    boxes = DATASETS.build(dict(
        type='BoxLabeledCocoDataset', ann_file=write_json(tmp_path / 'b.json', four(area=0)),
        data_prefix=dict(img=str(tmp_path)), metainfo=dict(classes=CLASSES)))
    source = account_for(boxes=boxes).sources['boxes']
    assert (source.instances, source.left_out) == (4, {})


def test_validation_counts_what_the_evaluator_counts(tmp_path):
    content = four(area=0)
    content['annotations'][1]['iscrowd'] = 1
    val = leaf(tmp_path, content, test_mode=True)
    source = account_for(val, labeled=leaf(tmp_path, four(), 'l')).sources['val']
    assert (source.images, source.images_without_objects, source.instances) == (4, 1, 3)
    assert source.left_out == {'iscrowd=1': 1} and source.labels == dict(cat=2, dog=1)


def test_unlabeled_folders_say_what_their_walk_left_out(tmp_path):
    write_images(tmp_path / 'u', 2)
    (tmp_path / 'u/x.heic').write_text('x')
    write_images(tmp_path / 'u/.hidden', 1)
    unlabeled = DATASETS.build(dict(type='UnlabeledFolderDataset', data_root=str(tmp_path / 'u')))
    source = account_for(labeled=leaf(tmp_path, four()), unlabeled=unlabeled).sources['unlabeled']
    assert (source.images, source.instances) == (2, None)
    assert source.images_left_out == {'other file ending': 1, 'hidden folder': 1}


@pytest.mark.parametrize('lost, learned, max_lost, words', [
    pytest.param({}, 4, 0.0, (), id='nothing lost'),
    pytest.param({'area 0': 2}, 2, 0.5, (), id='as many as may be'),
    pytest.param({'area 0': 2}, 2, 0.49, ('2 of 4 annotations have area 0', 'pixels of the mask',
                                          'max_lost = 0.49'), id='more'),
    pytest.param({'iscrowd=1': 3, 'outside': 1}, 0, 1.0,
                 ('no instance is learned from: 3 of 4 annotations have iscrowd=1; 1 of 4',
                  'Set "iscrowd" to 0', 'Correct their boxes'), id='all'),
    pytest.param({'no class of classes': 9}, 1, 0.0, (), id='asked for'),
    pytest.param({'no class of classes': 9}, 0, 1.0, ('not in data_set.classes', ), id='no class'),
    pytest.param({}, 0, 1.0, ('no instance is learned from: its files have no', ), id='empty file'),
])
def test_losing_too_much_stops_the_run(lost, learned, max_lost, words):
    source = account.SourceAccount(4, 0, learned, left_out=lost)
    problems = account.lost_problems('labeled', source, max_lost)
    assert len(problems) == bool(words) and all(word in problems[0] for word in words)
    remark = account.loss_remarks('labeled', source)
    assert len(remark) == (source.num_lost > 0)
    assert not remark or f'{source.num_lost} of {source.num_lost + learned} ann' in remark[0]


@pytest.mark.parametrize('most, side, words', [
    pytest.param(2, 8, (), id='fits'),
    pytest.param(3, 8, ('1 images have more objects', 'up to 3: raise num_queries = 2'), id='many'),
    pytest.param(2, 7.9, ('side of 7.9 pixels at 64 x 48', 'raise image_size'), id='small'),
])
def test_what_the_model_cannot_hold_or_see(most, side, words):
    source = account.SourceAccount(4, 0, 4, median_side=side, objects_per_image=dict(
        median=1, most=most, above_limit=int(most > 2)))
    remarks = account.model_remarks('labeled', source, LIMIT, network_size(built(RESIZE)))
    assert len(remarks) == bool(words) and all(word in remarks[0] for word in words)


@pytest.mark.parametrize('step, size, factor', [
    pytest.param(RESIZE, '64 x 48 (Resize)', 2, id='fits into'),
    pytest.param(dict(RESIZE, keep_ratio=False), '64 x 48 (Resize)', 6 ** 0.5 * 2 / 6 ** 0.5,
                 id='stretched'),
    pytest.param(dict(RESIZE, scale=(48, 64)), '48 x 64 (Resize)', 2, id='long and short side'),
    pytest.param(dict(type='RandomResize', scale=(64, 48), ratio_range=(0.1, 2), keep_ratio=True),
                 '64 x 48 (RandomResize, middle)', 2, id='ratio 1'),
    pytest.param(dict(type='RandomResize', scale=[(64, 40), (64, 56)], keep_ratio=True),
                 '64 x 48 (RandomResize, middle)', 2, id='middle of a range'),
    pytest.param(dict(type='RandomChoiceResize', scales=[(64, 40), (64, 48), (64, 56)],
                      keep_ratio=True), '64 x 48 (RandomChoiceResize, middle)', 2, id='choice'),
    pytest.param(dict(type='RandomFlip', prob=0.5), 'None', None, id='own size'),
])
def test_size_at_which_the_network_sees_an_image(step, size, factor):
    found = network_size(built(step))
    assert str(found) == size
    assert factor is None or found.factor(32, 24) == pytest.approx(factor)


def test_numbers_and_table_of_a_run(tmp_path):
    content = four()
    content['annotations'] += [dict(content['annotations'][0], id=i) for i in (10, 11)]
    found = account_for(labeled=leaf(tmp_path, content))
    source = found.sources['labeled']
    assert source.objects_per_image == dict(median=1, most=3, above_limit=1)
    assert source.median_side == pytest.approx(2 * 96 ** 0.5, abs=0.01)  # 12 x 8 at twice the size
    assert source.labels == dict(cat=4, dog=2)
    assert json.loads(json.dumps(found.as_dict()))['sources']['labeled']['instances'] == 6
    text = table(found, 'data.json')
    for words in ('labeled           4         0         6', 'cat 4, dog 2', 'median 1, most 3',
                  '25.0% of the images have more than num_queries = 2', 'data_set.keep_empty'):
        assert words in text


def test_the_table_stays_small_however_much_there_is_to_say():
    reasons = {f'reason {i}': i for i in range(20)}
    labels = {f'class with a long name {i}': i for i in range(80)}
    sources = {name: account.SourceAccount(10**6, 9, 10**6, reasons, reasons, labels, dict(
        median=1, most=2, above_limit=1), 9.0) for name in ('labeled', 'boxes', 'pseudo', 'val')}
    lines = table(account.Account((), LIMIT, 'x', False, sources), 'p' * 30).splitlines()
    assert len(lines) <= MAX_LINES and max(map(len, lines)) <= WIDTH
    assert any('rarest class with a long name 0 0' in line for line in lines)


def test_annotations_without_area_are_learned_from(tmp_path):
    content = four()
    for annotation in content['annotations']:
        del annotation['area']
    labeled = leaf(tmp_path, content, type='CompletedCocoDataset')
    source = account_for(labeled=labeled).sources['labeled']
    assert (source.instances, source.left_out) == (4, {})
