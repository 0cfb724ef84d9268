"""Command lines of the data set converters."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from toy_data import coco_content, write_json

from mmssis.datasets import UnlabeledCocoDataset

TOOLS = Path(__file__).parents[2] / 'tools' / 'dataset_converters'


def run(monkeypatch, tool, *arguments):
    """Run a converter as from the command line."""
    monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
    runpy.run_path(str(TOOLS / tool), run_name='__main__')


@pytest.fixture
def ann_file(tmp_path):
    content = coco_content([f'{i}.png' for i in range(40)])
    return write_json(tmp_path / 'annotations' / 'instances_train.json', content)


def load(path):
    return json.loads(path.read_text())


def test_percents_and_folds(monkeypatch, tmp_path, ann_file, capsys):
    run(monkeypatch, 'make_semi_splits.py', ann_file, '--percents', 5, 12.5, '--folds', 1, 2)
    folder = tmp_path / 'semi_anns'
    names = {f'instances_train.{fold}@{percent}{ending}' for fold in (1, 2)
             for percent in ('5', '12.5') for ending in ('.json', '-unlabeled.json', '.ids.txt')}
    assert {path.name for path in folder.iterdir()} == names
    labeled, unlabeled = (load(folder / f'instances_train.2@12.5{e}.json')
                          for e in ('', '-unlabeled'))
    assert len(labeled['images']) == 5 and len(unlabeled['images']) == 35
    assert len(labeled['annotations']) == 5 and unlabeled['annotations'] == []
    assert '[4/4]' in capsys.readouterr().out


def test_same_command_same_files(monkeypatch, tmp_path, ann_file):
    for out in ('a', 'b'):
        run(monkeypatch, 'make_semi_splits.py', ann_file, '--counts', 7, '--out', tmp_path / out)
    names = sorted(path.name for path in (tmp_path / 'a').iterdir())
    assert names[0] == 'instances_train.1@7images-unlabeled.json'
    for name in names:
        assert (tmp_path / 'a' / name).read_bytes() == (tmp_path / 'b' / name).read_bytes()


def test_published_list(monkeypatch, tmp_path, ann_file):
    (tmp_path / 'perc_5.txt').write_text('4.png\n8.png\n')
    run(monkeypatch, 'make_semi_splits.py', ann_file, '--list', tmp_path / 'perc_5.txt')
    labeled = load(tmp_path / 'semi_anns' / 'instances_train.perc_5.json')
    assert [image['id'] for image in labeled['images']] == [4, 8]


def test_image_list_without_annotations(monkeypatch, tmp_path):
    path = write_json(tmp_path / 'a' / 'info.json', dict(images=coco_content(['x.png'])['images']))
    run(monkeypatch, 'make_semi_splits.py', path, '--percents', 100)
    assert load(tmp_path / 'semi_anns' / 'info.1@100.json')['annotations'] == []


def test_cityscapes_then_splits(monkeypatch, tmp_path, capsys):
    ids = np.zeros((4, 6), np.uint16)
    ids[:2] = 26000
    for number in range(4):
        stem = f'train/ulm/ulm_{number:06d}_000019'
        for kind, ending in (('leftImg8bit', 'leftImg8bit'), ('gtFine', 'gtFine_instanceIds')):
            path = tmp_path / kind / f'{stem}_{ending}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(ids).save(path)
    run(monkeypatch, 'cityscapes_to_coco.py', tmp_path, '--splits', 'train')
    assert '4/4 images' in capsys.readouterr().out
    name = 'instancesonly_filtered_gtFine_train'
    run(monkeypatch, 'make_semi_splits.py', tmp_path / 'annotations' / f'{name}.json',
        '--percents', 25)
    labeled = load(tmp_path / 'semi_anns' / f'{name}.1@25.json')
    assert len(labeled['images']) == 1 and labeled['annotations'][0]['area'] == 12


def test_coarse_images_of_cityscapes_as_unlabeled(monkeypatch, tmp_path, capsys):
    names = [f'{city}/{city}_000000_000019_leftImg8bit.png' for city in ('augsburg', 'troisdorf')]
    for name in names:
        path = tmp_path / 'leftImg8bit/train_extra' / name
        path.parent.mkdir(parents=True)
        Image.new('RGB', (6, 4)).save(path)
    run(monkeypatch, 'cityscapes_to_coco.py', tmp_path, '--splits', '--unlabeled', 'train_extra')
    assert '2 images, 0 instances' in capsys.readouterr().out
    path = tmp_path / 'annotations' / 'image_info_train_extra.json'
    assert [path.name] == [other.name for other in path.parent.iterdir()]
    dataset = UnlabeledCocoDataset(
        ann_file=str(path), data_prefix=dict(img=str(tmp_path / 'leftImg8bit/train_extra')))
    infos = [dataset.get_data_info(index) for index in range(2)]
    assert [(i['height'], i['width'], i['instances']) for i in infos] == [(4, 6, [])] * 2
    assert infos[1]['img_path'].endswith(names[1])


@pytest.mark.parametrize('tool, arguments, message', [
    pytest.param('make_semi_splits.py', ['absent.json', '--percents', 1], 'absent.json',
                 id='no_file'),
    pytest.param('cityscapes_to_coco.py', ['absent'], 'absent/leftImg8bit/train', id='no_images'),
])
def test_errors_are_one_line(monkeypatch, tmp_path, tool, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=message):
        run(monkeypatch, tool, *arguments)
