"""Decisions become labels, step by step, and every step can be taken back."""

import json

import pytest
from toy_review import CLASSES, image, label, rle, write_decisions, write_toy_review

from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.review.applying import apply_decisions, import_labels
from mmssis.review.journal import read_journal

BOTH = {'1': 'accept', '2': 'accept'}


@pytest.fixture
def journal(tmp_path):
    return write_toy_review(tmp_path)


def read(path):
    return json.loads(path.read_text(encoding='utf-8'))


def names(path):
    return [each['file_name'] for each in read(path)['images']]


def apply(journal, images):
    return apply_decisions(journal, write_decisions(journal.folder.parent, images))


@pytest.mark.parametrize('images, labels, left, by_hand', [
    pytest.param({'a.jpg': ('complete', BOTH)}, [40, 30], 3, [], id='all accepted'),
    pytest.param({'a.jpg': ('complete', {'1': 'accept', '2': 'reject'})}, [40], 3, [],
                 id='one rejected'),
    pytest.param({'a.jpg': ('complete', {'1': 'reject', '2': 'reject'})}, [], 3, [],
                 id='all rejected'),
    pytest.param({'a.jpg': ('complete', {'1': CLASSES[1], '2': 'accept'})}, [30, 30], 3, [],
                 id='wrong class'),
    pytest.param({'empty.jpg': ('complete', {})}, [], 3, [], id='image without a label'),
    pytest.param({'a.jpg': ('incomplete', {'1': 'accept'})}, [], 4, ['a.jpg'], id='incomplete'),
    pytest.param({'a.jpg': ('open', {'1': 'accept'}), 'sub/b.jpg': ('complete', {'3': 'accept'})},
                 [40], 3, [], id='an open one is left'),
])
def test_decisions(journal, images, labels, left, by_hand):
    before = {path: path.read_bytes() for path in journal.folder.parent.rglob('*.json')}
    step = apply(journal, images)
    content = read(journal.labeled)
    assert [item['category_id'] for item in content['annotations'][1:]] == labels
    assert len(names(journal.unlabeled)) == left
    assert names(journal.to_annotate) == by_hand
    # What was there is as it was, in the files and in the new one.
    assert content['annotations'][0]['further'] == content['info']['note'] == 'kept'
    del before[journal.folder / 'journal.json']
    assert all(path.read_bytes() == data for path, data in before.items())
    assert not validate_coco_json(str(journal.labeled), (CLASSES[1], CLASSES[0]))
    assert read_journal(journal.folder).steps == [step]


def test_masks_and_names(journal):
    apply(journal, {'sub/b.jpg': ('complete', {'3': 'accept'})})
    content = read(journal.labeled)
    assert content['images'][1] == image(8, '../more/sub/b.jpg')
    new = content['annotations'][1]
    assert new.pop('segmentation') == rle(5, 5, 20, 20)
    assert new == dict(id=6, image_id=8, category_id=40, bbox=[5, 5, 20, 20], area=400, iscrowd=0)


def test_accepted_labels_of_an_incomplete_image_go_along(journal):
    apply(journal, {'a.jpg': ('incomplete', {'2': CLASSES[0]})})
    item, = read(journal.to_annotate)['annotations']
    assert item['category_id'] == 1 and item['segmentation'] == rle(15, 20, 8, 12)


def test_text_ids(journal):
    content = read(journal.labeled)
    content['images'][0]['id'] = content['annotations'][0]['image_id'] = 'reviewed-1'
    journal.labeled.write_text(json.dumps(content), encoding='utf-8')
    apply(journal, {'a.jpg': ('complete', BOTH)})
    assert [each['id'] for each in read(journal.labeled)['images']] == ['reviewed-1', 'reviewed-2']
    assert not validate_coco_json(str(journal.labeled))


def test_steps_build_on_each_other_and_are_taken_back(journal):
    first, listed = journal.labeled, journal.unlabeled
    apply(journal, {'a.jpg': ('complete', BOTH)})
    # The page goes on: what is labeled stays, what is new joins.
    apply(journal, {'a.jpg': ('complete', {'1': 'reject', '2': 'reject'}),
                    'sub/b.jpg': ('complete', {'3': 'accept'})})
    assert len(read(journal.labeled)['annotations']) == 4
    assert names(journal.unlabeled) == ['empty.jpg', 'later.jpg']
    second = journal.labeled
    journal.undo()
    assert len(read(journal.labeled)['annotations']) == 3 and second.exists()
    journal.undo()
    assert (journal.labeled, journal.unlabeled) == (first, listed)
    with pytest.raises(ValueError, match='no step to take back'):
        journal.undo()
    # Numbers go on: no file of a step that was taken back is written over.
    apply(journal, {'a.jpg': ('complete', {'1': 'reject', '2': 'reject'})})
    assert journal.labeled.name == 'labeled.3.json'
    assert [step.undone for step in read_journal(journal.folder).steps] == [True, True, False]


@pytest.mark.parametrize('images, message', [
    pytest.param({'x.jpg': ('complete', {})}, "image 'x.jpg' is not in the review", id='image'),
    pytest.param({'a.jpg': ('complete', {'1': 'accept'})}, 'no decision on its label 2',
                 id='complete without a decision'),
    pytest.param({'a.jpg': ('complete', {'3': 'accept'})}, "has no label '3'", id='label'),
    pytest.param({'a.jpg': ('complete', {**BOTH, '1': 'bolt'})}, "no class 'bolt'", id='class'),
    pytest.param({'a.jpg': ('done', BOTH)}, "Invalid enum value 'done'", id='status'),
    pytest.param({'a.jpg': ('open', BOTH)}, 'decides on no image', id='nothing'),
    pytest.param({}, 'decides on no image', id='no image'),
])
def test_wrong_decisions_change_nothing(journal, images, message):
    with pytest.raises(ValueError, match=message):
        apply(journal, images)
    assert not read_journal(journal.folder).steps
    assert not list(journal.folder.glob('*.1.json'))


@pytest.mark.parametrize('text, message', [
    pytest.param(None, 'cannot be read', id='missing'),
    pytest.param('{"review": "other", "images": []}', "review 'other'", id='another review'),
    pytest.param('{"review": "o', 'cannot be read', id='half a file'),
])
def test_wrong_files(journal, tmp_path, text, message):
    if text is not None:
        (tmp_path / 'decisions.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        apply_decisions(journal, tmp_path / 'decisions.json')


def test_a_step_that_is_interrupted_does_not_count(journal, monkeypatch):
    monkeypatch.setattr(journal, 'write', lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        apply(journal, {'a.jpg': ('complete', BOTH)})
    journal = read_journal(journal.folder)
    assert journal.labeled.name == 'labeled.json'
    apply(journal, {'sub/b.jpg': ('complete', {'3': 'accept'})})
    assert len(read(journal.labeled)['annotations']) == 2


def test_configs_of_other_data(journal, tmp_path):
    journal.check_config(tmp_path / 'labeled.json')
    apply(journal, {'a.jpg': ('complete', BOTH)})
    journal.check_config(journal.folder / 'labeled.1.json')
    with pytest.raises(ValueError, match='reviews other data'):
        journal.check_config(tmp_path / 'others.json')


def imported(images, *annotations):
    return dict(images=images, annotations=list(annotations),
                categories=[dict(id=1, name=CLASSES[0])])


def test_labels_from_elsewhere_join(journal, tmp_path):
    import_labels(journal, tmp_path / 'cvat.json', imported(
        [image(1, 'later.jpg'), image(2, 'a.jpg')], label(1, 1, 1, 3, 3, 5, 5)))
    content = read(journal.labeled)
    assert [item['category_id'] for item in content['annotations']] == [30, 40]
    assert names(journal.unlabeled) == ['sub/b.jpg', 'empty.jpg']
    assert journal.to_annotate is None


@pytest.mark.parametrize('content, message', [
    pytest.param(imported([]), 'has no image', id='nothing'),
    pytest.param(imported([image(1, 'x.jpg')]), 'none of the unlabeled', id='unknown image'),
    pytest.param(imported([dict(image(1, 'a.jpg'), width=80)]), '80 x 30', id='another size'),
    pytest.param(dict(imported([image(1, 'a.jpg')]), categories=[dict(id=1, name='bolt')]),
                 "lacks the class 'bolt'", id='unknown class'),
])
def test_wrong_imports_change_nothing(journal, tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        import_labels(journal, tmp_path / 'cvat.json', content)
    assert not journal.steps and not list(journal.folder.glob('*.1.json'))
