"""Command lines of the data set converters."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from toy_data import coco_content, write_json

from mmssis.datasets import UnlabeledCocoDataset

TOOLS = Path(__file__).parents[2] / 'tools'
SPLITS = 'dataset_converters/make_semi_splits.py'
CITYSCAPES = 'dataset_converters/cityscapes_to_coco.py'


@pytest.fixture
def ann_file(tmp_path):
    content = coco_content([f'{i}.png' for i in range(40)])
    return write_json(tmp_path / 'annotations' / 'instances_train.json', content)


def load(path):
    return json.loads(path.read_text())


def test_percents_and_folds(run_tool, tmp_path, ann_file, capsys):
    run_tool(SPLITS, ann_file, '--percents', 5, 12.5, '--folds', 1, 2)
    folder = tmp_path / 'semi_anns'
    names = {f'instances_train.{fold}@{percent}{ending}' for fold in (1, 2)
             for percent in ('5', '12.5') for ending in ('.json', '-unlabeled.json', '.ids.txt')}
    assert {path.name for path in folder.iterdir()} == names
    labeled, unlabeled = (load(folder / f'instances_train.2@12.5{e}.json')
                          for e in ('', '-unlabeled'))
    assert len(labeled['images']) == 5 and len(unlabeled['images']) == 35
    assert len(labeled['annotations']) == 5 and unlabeled['annotations'] == []
    assert '[4/4]' in capsys.readouterr().out


def test_published_list_of_images_without_annotations(run_tool, tmp_path):
    images = coco_content([f'{i}.png' for i in range(9)])['images']
    path = write_json(tmp_path / 'a' / 'info.json', dict(images=images))
    (tmp_path / 'perc_5.txt').write_text('4.png\n8.png\n')
    run_tool(SPLITS, path, '--list', tmp_path / 'perc_5.txt')
    labeled = load(tmp_path / 'semi_anns' / 'info.perc_5.json')
    assert [image['id'] for image in labeled['images']] == [4, 8]
    assert labeled['annotations'] == []


@pytest.mark.parametrize('tool, arguments', [
    pytest.param(SPLITS, ['annotations/instances_train.json', '--counts', 3, '--every-category'],
                 id='splits'),
    pytest.param('dataset_converters/merge_coco_splits.py', ['.', 'train'], id='merged'),
])
def test_annotation_files_with_faults_are_refused(tool, arguments, tmp_path, ann_file):
    content = json.loads(Path(ann_file).read_text())
    content['annotations'][5]['image_id'] = '5'
    Path(ann_file).write_text(json.dumps(content))
    done = subprocess.run([sys.executable, str(TOOLS / tool), *map(str, arguments)], cwd=tmp_path,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert "instances_train.json: annotation with id 5 of image '5': image_id '5' is text" in (
        done.stderr)


def test_cityscapes_then_splits(run_tool, tmp_path, capsys):
    ids = np.zeros((4, 6), np.uint16)
    ids[:2] = 26000
    for number in range(4):
        stem = f'train/ulm/ulm_{number:06d}_000019'
        for kind, ending in (('leftImg8bit', 'leftImg8bit'), ('gtFine', 'gtFine_instanceIds')):
            path = tmp_path / kind / f'{stem}_{ending}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(ids).save(path)
    run_tool(CITYSCAPES, tmp_path, '--splits', 'train')
    assert '4 images, ' in capsys.readouterr().out
    name = 'instancesonly_filtered_gtFine_train'
    run_tool(SPLITS, tmp_path / 'annotations' / f'{name}.json', '--percents', 25)
    labeled = load(tmp_path / 'semi_anns' / f'{name}.1@25.json')
    assert len(labeled['images']) == 1 and labeled['annotations'][0]['area'] == 12


def test_coarse_images_of_cityscapes_as_unlabeled(run_tool, tmp_path, capsys):
    names = [f'{city}/{city}_000000_000019_leftImg8bit.png' for city in ('augsburg', 'troisdorf')]
    for name in names:
        path = tmp_path / 'leftImg8bit/train_extra' / name
        path.parent.mkdir(parents=True)
        Image.new('RGB', (6, 4)).save(path)
    run_tool(CITYSCAPES, tmp_path, '--splits', '--unlabeled', 'train_extra')
    assert '2 images, 0 instances' in capsys.readouterr().out
    path = tmp_path / 'annotations' / 'image_info_train_extra.json'
    assert [path.name] == [other.name for other in path.parent.iterdir()]
    dataset = UnlabeledCocoDataset(
        ann_file=str(path), data_prefix=dict(img=str(tmp_path / 'leftImg8bit/train_extra')))
    infos = [dataset.get_data_info(index) for index in range(2)]
    assert [(i['height'], i['width'], i['instances']) for i in infos] == [(4, 6, [])] * 2
    assert infos[1]['img_path'].endswith(names[1])


@pytest.mark.parametrize('tool, arguments, message', [
    pytest.param(SPLITS, ['absent.json', '--percents', '1'], 'absent.json', id='no_file'),
    pytest.param(CITYSCAPES, ['absent'], 'absent/leftImg8bit/train', id='no_images'),
])
def test_errors_are_one_line(monkeypatch, tool, arguments, message):
    monkeypatch.setattr(sys, 'argv', [tool, *arguments])
    with pytest.raises(SystemExit, match=message):
        runpy.run_path(str(TOOLS / tool), run_name='__main__')
