"""The command and its functions on the toy world: begin, decide, apply, undo."""

import json

import pytest
from mmengine.config import Config

from mmssis.api import apply_review, export_review, import_review, review, undo_review
from mmssis.commands import run_verb

MIXED = 'leave it out'


@pytest.mark.parametrize('words, message', [
    pytest.param([], 'give a CHECKPOINT', id='no checkpoint'),
    pytest.param(['x.pth', '--undo'], MIXED, id='a checkpoint for a step'),
    pytest.param(['--undo', '--images', '3'], MIXED, id='images for a step'),
    pytest.param(['x.pth', '--overwrite'], 'belongs to --export', id='overwrite'),
    pytest.param(['--undo', '--apply', 'x.json'], 'not allowed with', id='two steps'),
])
def test_wrong_words(words, message, capsys):
    with pytest.raises(SystemExit):
        run_verb('review', ['config.py', *words])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('given, message', [
    pytest.param(dict(images=0), '--images 0', id='no image'),
    pytest.param(dict(pool=0), '--pool 0', id='no pool'),
    pytest.param(dict(), 'data_set.labeled', id='config without data_set'),
])
def test_wrong_arguments(tmp_path, given, message):
    with pytest.raises(ValueError, match=message):
        review(Config(dict(model=dict())), 'x.pth', out=tmp_path / 'review', **given)


def test_a_review_is_not_written_over(tmp_path):
    (tmp_path / 'journal.json').write_text('{}')
    with pytest.raises(ValueError, match='holds a review'):
        review(Config(), 'x.pth', out=tmp_path)


@pytest.mark.parametrize('step', [
    pytest.param(lambda cfg, out: apply_review(cfg, 'd.json', out=out), id='apply'),
    pytest.param(lambda cfg, out: import_review(cfg, 'd.json', out=out), id='import'),
    pytest.param(lambda cfg, out: undo_review(cfg, out=out), id='undo'),
    pytest.param(lambda cfg, out: export_review(cfg, 'cvat', out / 'x.json', out=out), id='export'),
])
def test_steps_need_a_review(tmp_path, step):
    with pytest.raises(ValueError, match='holds no review'):
        step(Config(), tmp_path)


def test_options_to_go_on_with(tmp_path, capsys):
    from toy_review import write_decisions, write_toy_review
    journal = write_toy_review(tmp_path)
    cfg = Config(dict(data_set=dict(root=str(tmp_path), labeled='labeled.json', unlabeled='more',
                                    image_dirs=dict(labeled='images', unlabeled='more'))))
    decisions = write_decisions(tmp_path, {'a.jpg': ('complete', {'1': 'accept', '2': 'reject'})})
    done = apply_review(cfg, decisions, out=journal.folder)
    assert done.options == ['data_set.labeled=review/labeled.1.json',
                            'data_set.unlabeled=review/unlabeled.1.json']
    assert ' '.join(done.options) in capsys.readouterr().out
    assert len(json.loads(done.labeled.read_text(encoding='utf-8'))['images']) == 2
    assert undo_review(cfg, out=journal.folder).labeled.samefile(tmp_path / 'labeled.json')
