"""Pictures of the stages from the command line."""

import importlib.util
import re
import sys
from pathlib import Path

import cv2
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from toy import toy_config

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
    # view, candidates, DualThresholdFilter, MaskUncertainty, uncertainty
    assert cv2.imread(str(pictures[0])).shape[1] == 5 * 424
    lines = [line for line in capsys.readouterr().out.splitlines() if 'candidates' in line]
    assert len(lines) == 2
    counts = re.search(r'candidates 6, DualThresholdFilter (\d), MaskUncertainty (\d)', lines[0])
    assert counts[1] == counts[2] != '0'


def test_no_pseudo_label_is_drawn_too(run, tmp_path, capsys):
    run('--cfg-options', 'model.pseudo_label_hooks.0.class_thr=1.0')
    assert 'DualThresholdFilter 0, MaskUncertainty 0' in capsys.readouterr().out
    assert len(list((tmp_path / 'shown').iterdir())) == 2


def test_a_missing_image_is_named(run, tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing.png does not exist'):
        run(images=tmp_path / 'nothing.png')


def test_a_folder_without_images_is_named(run, tmp_path):
    with pytest.raises(FileNotFoundError, match='no image among'):
        run(images=tmp_path / 'annotations')


@pytest.mark.parametrize('progress, expected', [(0., 0.), (.5, .5), (1., 1.)])
def test_progress_reaches_the_detector(tool, tmp_path, progress, expected):
    config = Config(toy_config(tmp_path, burn_in=20))
    model = MODELS.build(config.model)
    tool.set_progress(config, progress)
    assert model.progress == pytest.approx(expected)
