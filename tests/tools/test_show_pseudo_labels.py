"""Pictures of the stages from the command line."""

import importlib.util
import os
import re
import sys
from pathlib import Path

import cv2
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from toy import toy_config, toy_model

TOOL = Path(__file__).parents[2] / 'tools' / 'analysis_tools' / 'show_pseudo_labels.py'


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location('show_pseudo_labels', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(tool, tmp_path, monkeypatch):
    """Run the tool on a toy config, an untrained checkpoint and two images."""
    config = toy_config(tmp_path, val=True)
    config['test_dataloader'] = config['val_dataloader']
    Config(config).dump(str(tmp_path / 'config.py'))
    model = MODELS.build(config['model'])
    torch.save(dict(state_dict=model.student.state_dict()), tmp_path / 'plain.pth')

    def call(*arguments, images=None):
        monkeypatch.setattr(sys, 'argv', [
            str(TOOL), str(tmp_path / 'config.py'), str(tmp_path / 'plain.pth'),
            str(images or tmp_path / 'val'), '--out-dir', str(tmp_path / 'shown'),
            '--device', 'cpu', *arguments])
        tool.main()

    return call


def test_one_picture_and_one_line_per_image(run, tmp_path, capsys):
    run('--progress', '0.5')
    pictures = sorted((tmp_path / 'shown').iterdir())
    assert [path.name for path in pictures] == ['val_001.png', 'val_002.png']
    # view, candidates, ddtf, pmua, uncertainty
    assert cv2.imread(str(pictures[0])).shape[1] == 5 * 424
    lines = [line for line in capsys.readouterr().out.splitlines() if 'candidates' in line]
    assert len(lines) == 2
    counts = re.search(r'candidates 6, ddtf (\d), pmua (\d)', lines[0])
    assert counts[1] == counts[2] != '0'


def test_no_pseudo_label_is_drawn_too(run, tmp_path, capsys):
    run('--cfg-options', 'model.pseudo_label_hooks.ddtf.class_thr=1.0')
    assert 'ddtf 0, pmua 0' in capsys.readouterr().out
    assert len(list((tmp_path / 'shown').iterdir())) == 2


def test_missing_images_are_named(run, tmp_path):
    for images, message in (('nothing.png', 'nothing.png does not exist'),
                            ('annotations', 'no image among')):
        with pytest.raises(FileNotFoundError, match=message):
            run(images=tmp_path / images)


def test_equal_names_and_unreadable_images(run, tmp_path, capsys):
    folder = tmp_path / 'images'
    for name in ('day/1.png', 'night/1.png', 'night/1.jpg', '.thumbnails/1.png'):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), cv2.imread(str(tmp_path / 'val' / 'val_001.png')))
    os.mkfifo(folder / 'night' / '2.png')
    with pytest.raises(SystemExit, match='1 of 4 images could not be read: .*night/2.png'):
        run(images=folder)
    written = sorted(path for path in (tmp_path / 'shown').rglob('*') if path.is_file())
    assert [str(path.relative_to(tmp_path / 'shown')) for path in written] == [
        'day/1.png.png', 'night/1.jpg.png', 'night/1.png.png']
    said = capsys.readouterr().out
    assert 'night/2.png: not a regular file' in said
    assert all(f'-> {path}' in said for path in written)


def test_progress_reaches_the_detector(tool):
    model = MODELS.build(toy_model(burn_in=20))
    for progress in (0., .5, 1.):
        tool.set_progress(model, progress)
        assert model.progress == pytest.approx(progress)
