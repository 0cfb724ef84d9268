"""``mmssis predict`` over a toy model with random weights."""

import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from pycocotools.coco import COCO
from toy import CLASSES, SIZE, toy_config, write_coco

from mmssis.api import predict
from mmssis.commands import run_verb

PALETTE = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    """A work directory as a training leaves it, and images with a sub-folder."""
    init_default_scope('mmdet')
    root = tmp_path_factory.mktemp('world')
    config = toy_config(root, val=True)
    config['val_dataloader']['dataset']['metainfo'] = dict(classes=CLASSES, palette=PALETTE)
    for part in ('dataloader', 'evaluator', 'cfg'):
        config[f'test_{part}'] = config[f'val_{part}']
    (root / 'work').mkdir()
    Config(config).dump(root / 'work' / 'toy.py')
    torch.manual_seed(0)
    model = MODELS.build(config['model'])
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=CLASSES))),
               root / 'work' / 'iter_4.pth')
    write_coco(root / 'photos', 'day', 2)
    write_coco(root / 'photos/day', 'noon', 1, size=SIZE // 2)
    return root


def seen(out):
    """Names of the files in a folder."""
    return sorted(path.relative_to(out).as_posix() for path in out.rglob('*') if path.is_file())


def test_a_folder_becomes_pictures_and_a_coco_file(world, tmp_path, capsys):
    path = predict(world / 'work', world / 'photos', out_dir=tmp_path, score_thr=0.0, batch_size=2,
                   device='cpu')
    assert seen(tmp_path) == ['day/day_001.png', 'day/day_002.png', 'day/noon/noon_001.png',
                              'predictions.json']
    content = COCO(str(path))
    assert [image['file_name'] for image in content.dataset['images']] == seen(tmp_path)[:3]
    assert [category['name'] for category in content.dataset['categories']] == list(CLASSES)
    scores = [[content.anns[i]['score'] for i in content.getAnnIds(image)]
              for image in content.imgs]
    assert all(each and each == sorted(each, reverse=True) for each in scores)
    for annotation in content.anns.values():
        assert content.annToMask(annotation).sum() == annotation['area'] > 0
        assert content.imgs[annotation['image_id']]['height'] in (SIZE, SIZE // 2)
    before, after = (cv2.imread(str(folder / 'day/noon/noon_001.png'))
                     for folder in (world / 'photos', tmp_path))
    assert before.shape == after.shape and (before != after).any()
    assert f'all          3 {len(content.anns):>10}' in capsys.readouterr().out


def test_an_exported_model_sees_what_the_teacher_sees(world, tmp_path):
    run_verb('export', [str(world / 'work/iter_4.pth'), str(tmp_path / 'detector.pth')])
    image = world / 'photos/day/day_001.png'
    of_teacher, of_export = (
        json.loads(predict(model, image, out_dir=tmp_path / str(i), score_thr=0.1,
                           device='cpu').read_text())
        for i, model in enumerate((world / 'work', tmp_path / 'detector.pth')))
    assert of_teacher == of_export and of_teacher['annotations']


def test_no_instance_is_a_picture_like_the_image(world, tmp_path, capsys):
    image = world / 'photos/day/day_001.png'
    content = json.loads(predict(world / 'work', [image], out_dir=tmp_path, score_thr=1.0,
                                 device='cpu').read_text())
    assert content['annotations'] == [] and len(content['images']) == 1
    assert np.array_equal(cv2.imread(str(image)), cv2.imread(str(tmp_path / image.name)))
    assert 'square       0          0           -' in capsys.readouterr().out


def test_a_video_becomes_a_video(world, tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (5, 48, 64, 3), dtype=np.uint8)
    writer = cv2.VideoWriter(str(tmp_path / 'clip.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 12.5,
                             (64, 48))
    for frame in frames:
        writer.write(frame)
    writer.release()
    content = json.loads(predict(world / 'work', tmp_path / 'clip.avi', out_dir=tmp_path / 'out',
                                 score_thr=0.0, batch_size=2, device='cpu').read_text())
    video = cv2.VideoCapture(str(tmp_path / 'out/clip.avi.mp4'))
    assert (video.get(cv2.CAP_PROP_FRAME_COUNT), video.get(cv2.CAP_PROP_FPS)) == (5, 12.5)
    assert [image['frame'] for image in content['images']] == [0, 1, 2, 3, 4]
    assert {image['video'] for image in content['images']} == {'clip.avi'}
    assert len({image['file_name'] for image in content['images']}) == 5


def test_what_cannot_be_read_is_named_and_costs_no_other(world, tmp_path):
    for name in ('torn.jpg', 'torn.mp4'):
        (tmp_path / name).write_bytes(b'nothing')
    shutil.copy(world / 'photos/day/day_001.png', tmp_path / 'whole.png')
    files = [str(tmp_path / name) for name in ('torn.jpg', 'whole.png', 'torn.mp4')]
    out = tmp_path / 'out'
    with pytest.raises(SystemExit, match=r'2 of 3 files .*torn\.jpg.*torn\.mp4.* others are done'):
        run_verb('predict', [str(world / 'work'), *files, '--out-dir', str(out), '--device', 'cpu'])
    assert seen(out) == ['predictions.json', 'whole.png']


def test_no_file_of_others_is_overwritten_and_an_interrupted_command_begins_again(
        world, tmp_path, monkeypatch):
    shutil.copytree(world / 'photos', tmp_path / 'photos')
    command = [str(world / 'work'), str(tmp_path / 'photos'), '--device', 'cpu', '--out-dir']
    with pytest.raises(SystemExit, match='photos holds other files'):
        run_verb('predict', [*command, str(tmp_path / 'photos')])
    out = str(tmp_path / 'photos/out')
    with monkeypatch.context() as patch:
        patch.setattr('mmssis.prediction.results.Results.write', interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_verb('predict', [*command, out])
    with pytest.raises(SystemExit, match='another model or other images'):
        run_verb('predict', [*command, out, '--score-thr', '0.5'])
    run_verb('predict', [*command, out])
    content = json.loads((tmp_path / 'photos/out/predictions.json').read_text())
    assert len(content['images']) == 3, 'pictures of the interrupted command are no images'
    with pytest.raises(SystemExit, match='results of an earlier command'):
        run_verb('predict', [*command, out])


def interrupt(*arguments):
    """Ctrl-C."""
    raise KeyboardInterrupt


WRONG = {
    'no such file': (['gone.jpg'], 'gone.jpg does not exist'),
    'no image': (['work/toy.py'], 'toy.py is no image or video'),
    'an empty folder': (['empty'], 'empty holds no image'),
    'a score that is none': (['photos', '--score-thr', '2'], '--score-thr 2.0'),
    'no batch': (['photos', '--batch-size', '0'], '--batch-size 0'),
    'another config': (['photos', '--config', 'gone.py'], 'gone.py is no config file'),
}


@pytest.mark.parametrize('words, message', WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_refused_before_anything_is_written(world, monkeypatch, words,
                                                                message):
    monkeypatch.chdir(world)
    (world / 'empty').mkdir(exist_ok=True)
    with pytest.raises(SystemExit, match=message):
        run_verb('predict', ['work', *words])
    assert not (world / 'predictions').exists()
