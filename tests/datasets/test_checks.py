"""Checks of the training data, one by one."""

import os

import pytest
from mmdet.registry import DATASETS
from toy_data import CLASSES, coco_content, write_images, write_json

from mmssis.datasets import UnlabeledFolderDataset
from mmssis.datasets.checks import run_data
from mmssis.datasets.checks import training_data as checks
from mmssis.datasets.checks.set_summary import summarize
from mmssis.utils.class_order import class_order_problem


def labeled_set(path, content, **settings):
    return DATASETS.build(dict(
        type='CocoDataset', ann_file=write_json(path / 'l.json', content),
        data_prefix=dict(img=str(path)), metainfo=dict(classes=CLASSES), **settings))


def folder(path):
    return UnlabeledFolderDataset(str(path), on_unreadable='skip')


def test_files_are_resolved_through_links_and_wrappers(tmp_path):
    write_images(tmp_path / 'a', 2)
    os.symlink(tmp_path / 'a', tmp_path / 'b')
    (tmp_path / 'c').mkdir()
    os.symlink(tmp_path / 'a' / '1.png', tmp_path / 'c' / 'x.png')
    (tmp_path / 'd').mkdir()
    os.link(tmp_path / 'a' / '1.png', tmp_path / 'd' / 'y.png')
    links = {}
    direct = summarize(folder(tmp_path / 'a'), links=links).files
    repeated = DATASETS.build(dict(
        type='RepeatDataset', times=3,
        dataset=dict(type='UnlabeledFolderDataset', data_root=str(tmp_path / 'b'))))
    assert summarize(repeated).files == direct
    for name in ('c', 'd'):
        assert summarize(folder(tmp_path / name), links=links).files == direct[1:]


@pytest.mark.parametrize('names, num_repeated', [
    pytest.param(('0.png', '1.png'), 0, id='two files'),
    pytest.param(('0.png', 'link.png'), 1, id='a link'),
    pytest.param(('0.png', 'hard.png'), 1, id='a hard link'),
    pytest.param(('0.png', 'sub/../0.png'), 1, id='two spellings'),
    pytest.param(('0.png', '0.png'), 0, id='found where the file is judged'),
])
def test_one_image_under_two_names(tmp_path, names, num_repeated):
    write_images(tmp_path, 2)
    (tmp_path / 'sub').mkdir()
    os.symlink(tmp_path / '0.png', tmp_path / 'link.png')
    os.link(tmp_path / '0.png', tmp_path / 'hard.png')
    problems = checks.check_repeated(
        summarize(labeled_set(tmp_path, coco_content(names))), 'labeled')
    assert len(problems) == num_repeated
    assert all(names[1] in problem and 'under one id' in problem for problem in problems)


def test_a_file_that_is_read_twice_repeats_nothing_but_another_file_does(tmp_path):
    write_images(tmp_path, 1)
    dataset = labeled_set(tmp_path, coco_content(['0.png']))
    os.rename(tmp_path / 'l.json', tmp_path / 'first.json')
    dataset.ann_file = str(tmp_path / 'first.json')
    other = labeled_set(tmp_path, coco_content(['0.png']))
    for datasets, number in (([dataset, dataset], 0), ([dataset, other], 1)):
        both = DATASETS.build(dict(type='ConcatDataset', datasets=datasets))
        assert len(summarize(both).repeated) == number


def test_overlap():
    problem, = checks.check_overlap(['/a/1', '/a/2'], ['/a/2', '/b/1'], ('X', 'Y'), 'Do it.')
    assert problem == '1 images are in both X and Y: /a/2. Do it.'
    assert checks.check_overlap(['/a/1'], ['/b/1'], ('X', 'Y'), 'Do it.') == []


@pytest.mark.parametrize('content, decode, bad', [
    pytest.param(None, False, True, id='missing'),
    pytest.param(b'no image', False, False, id='damaged_not_decoded'),
    pytest.param(b'no image', True, True, id='damaged_decoded'),
])
def test_readable(tmp_path, content, decode, bad):
    names = [*write_images(tmp_path, 2), 'x.png']
    if content is not None:
        (tmp_path / 'x.png').write_bytes(content)
    summary = summarize(labeled_set(tmp_path, coco_content(names)))
    problems = checks.check_readable(summary, 'labeled', decode)
    assert bool(problems) == bad
    if bad:
        assert '1 of 3 images of labeled' in problems[0] and 'x.png' in problems[0]


@pytest.mark.parametrize('loader, bad', [('LoadImageFromFile', True), ('LoadImageRobust', False)])
def test_skipping_needs_the_robust_loader(tmp_path, loader, bad):
    write_images(tmp_path, 1)
    dataset = UnlabeledFolderDataset(str(tmp_path), pipeline=[dict(type=loader)])
    assert bool(checks.check_skipping([dataset])) == bad


def test_same_classes_shows_both_lists():
    problem, = checks.check_same_classes(CLASSES, ('cow', ), 'validation')
    assert str(list(CLASSES)) in problem and "['cow']" in problem
    assert checks.check_same_classes(CLASSES, list(CLASSES), 'validation') == []


def test_num_classes_names_the_head():
    problem, = checks.check_num_classes(CLASSES, {'student.head': 80, 'student.other_head': 2})
    assert 'student.head has 80 classes, the data has 2' in problem


def change(**fields):
    """Change the second annotation of a file."""
    return lambda content: content['annotations'][1].update(fields)


@pytest.mark.parametrize('fault, message', [
    pytest.param(change(segmentation=[]), 'image ids 1', id='empty'),
    pytest.param(change(segmentation=[[1, 2, 3, 4]]), 'image ids 1', id='box as polygon'),
    pytest.param(change(segmentation=[[1, 2, 3, 4], [1, 1, 9, 1, 9, 9]]), None, id='one right'),
    pytest.param(change(segmentation=dict(size=[24, 32], counts=[0, 768])), None, id='RLE'),
    pytest.param(change(segmentation=[], iscrowd=1), None, id='a crowd needs no mask'),
])
def test_masks(tmp_path, fault, message):
    content = coco_content(['a.png', 'b.png'])
    fault(content)
    problems = checks.check_masks(summarize(labeled_set(tmp_path, content)))
    assert message in problems[0] if message else problems == []


def test_category_without_instance(tmp_path):
    content = coco_content(['a.png', 'b.png'])
    labels = summarize(labeled_set(tmp_path, content)).labels
    assert checks.check_labeled_categories(labels, CLASSES) == []
    content['annotations'][1]['iscrowd'] = 1
    labels = summarize(labeled_set(tmp_path, content)).labels
    problem, = checks.check_labeled_categories(labels, CLASSES)
    assert '1 of 2 classes' in problem and 'dog' in problem


def test_annotation_files_of_wrapped_sets_are_validated_once(tmp_path):
    content = coco_content(['a.png'])
    content['annotations'][0]['bbox'] = [9, 9, -1, 3]
    dataset = labeled_set(tmp_path, content)
    both = DATASETS.build(dict(type='ConcatDataset', datasets=[dataset, dataset]))
    assert len(run_data.check_annotation_files(
        run_data.RunData(dict(labeled=both), None, CLASSES))) == 1


@pytest.mark.parametrize('found, more, problem', [
    (('cat', 'dog'), False, None),
    (['cat', 'dog'], False, None),
    (('dog', 'cat'), True, 'order'),
    (('cat', ), True, 'lack'),
    (('cat', 'cow', 'dog'), False, 'besides'),
    (('cat', 'cow', 'dog'), True, None),
    (('cat', 'dog', 'cat'), True, 'order'),
])
def test_same_classes_in_the_same_order(found, more, problem):
    text = class_order_problem(CLASSES, found, 'the classes', allow_more=more)
    assert text is None if problem is None else problem in text


@pytest.mark.parametrize('num_filters, burn_in, refused', [
    pytest.param(0, 9, False, id='supervised to the end'),
    pytest.param(0, 5, True, id='longer than its burn-in'),
    pytest.param(2, 5, False, id='filtered'),
])
def test_pseudo_labels_that_nothing_filters(num_filters, burn_in, refused):
    problems = checks.check_filtered(num_filters, burn_in, max_iters=9)
    assert len(problems) == refused
    assert not refused or all(remedy in problems[0] for remedy in (
        'Put a filter first', 'filters = True', 'schedule.max_iters'))
