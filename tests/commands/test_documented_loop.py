"""The commands of docs/loop.md, one after the other, on a few images."""

import re
import shlex
from pathlib import Path

import pytest
import toy

from mmssis.commands import main
from mmssis.planning import cost

LOOP = Path(__file__).parents[2] / 'docs/loop.md'
# A run of seconds; nothing is downloaded.
SHORT = ['schedule.max_iters=2', 'schedule.val_interval=2', 'image_size=64,64',
         'train_dataloader.batch_sampler.labeled=1', 'model.detector.backbone.init_cfg=None',
         'train_dataloader.batch_sampler.unlabeled=1', 'schedule.burn_in=1']


def documented():
    """The commands of mmssis, as lists of words without ``mmssis``."""
    lines = re.findall(r'^ {4}mmssis (.*)$', LOOP.read_text(), re.MULTILINE)
    return [shlex.split(line) for line in lines]


def shortened(words):
    """A training with the options that make it short."""
    if words[0] != 'train':
        return words
    short = SHORT[:5] if '--supervised' in words else SHORT
    return words + ([] if '--cfg-options' in words else ['--cfg-options']) + short


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """labeled.json, images and unlabeled_images, as the page has them."""
    toy.write_coco(tmp_path, 'labeled', 10, 0)
    toy.write_coco(tmp_path, 'unlabeled', 3, 1)
    (tmp_path / 'annotations/labeled.json').rename(tmp_path / 'labeled.json')
    (tmp_path / 'labeled').rename(tmp_path / 'images')
    (tmp_path / 'unlabeled').rename(tmp_path / 'unlabeled_images')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cost, 'MEASURED', 1)
    return tmp_path


@pytest.mark.slow
def test_the_loop_runs_as_documented(folder, monkeypatch):
    for words in documented():
        monkeypatch.setattr('sys.argv', ['mmssis', *words])
        main(shortened(words))
    for made in ('bolts.py', 'work_dirs/bolts/report.html', 'diagnosis.json',
                 'predictions/predictions.json', 'detector.pth', 'detector.py',
                 'work_dirs/bolts2/last_checkpoint'):
        assert (folder / made).is_file(), made


def test_the_page_has_every_verb_of_the_loop_and_is_short():
    assert {words[0] for words in documented()} == {
        'init', 'train', 'report', 'diagnose', 'predict', 'export'}
    assert len(LOOP.read_text().splitlines()) < 120
