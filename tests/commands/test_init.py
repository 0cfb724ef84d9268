"""`mmssis init`: from files in some folder to a config that trains from any other."""

import json
from pathlib import Path

import pytest
import toy
from mmengine.runner import Runner

from mmssis.api import init, initializing
from mmssis.commands import run_verb
from mmssis.planning import cost
from mmssis.planning.machine import Machine
from mmssis.utils import load_config


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    """8 labeled images, 5 to validate on and 4 others; each image has 2 objects of 3 classes."""
    root = tmp_path_factory.mktemp('world')
    for seed, (name, num) in enumerate(dict(labeled=8, val=5, unlabeled=4).items()):
        toy.write_coco(root, name, num, seed)
    return root


@pytest.fixture
def given(world, tmp_path, monkeypatch):
    """Arguments; validation images are given."""
    monkeypatch.chdir(tmp_path)
    return dict(labeled=world / 'annotations/labeled.json', images=world / 'labeled',
                unlabeled=world / 'unlabeled', val=world / 'annotations/val.json',
                val_images=world / 'val', measure=False)


def changed(world, change):
    """A labeled file whose content a function has changed."""
    content = json.loads((world / 'annotations/labeled.json').read_text())
    change(content)
    path = world / f'annotations/{change.__name__}.json'
    path.write_text(json.dumps(content))
    return path


@pytest.mark.slow
def test_the_config_trains_from_another_folder(world, tmp_path, monkeypatch, capsys):
    (tmp_path / 'here').mkdir()
    (tmp_path / 'there').mkdir()
    monkeypatch.chdir(tmp_path / 'here')
    monkeypatch.setattr(cost, 'MEASURED', 1)
    run_verb('init', [
        '--labeled', str(world / 'annotations/labeled.json'), '--images', str(world / 'labeled'),
        '--unlabeled', str(world / 'unlabeled')])
    shown = capsys.readouterr().out
    for words in ('validation: 2 of 8', 'images 64 px', '1,000 updates: about', 'Next:',
                  'mmssis train my_config.py --supervised'):
        assert words in shown
    path = tmp_path / 'here/my_config.py'
    assert len(path.read_text().splitlines()) <= 12
    monkeypatch.chdir(tmp_path / 'there')
    runner = Runner.from_cfg(load_config(path, {
        'schedule': dict(max_iters=2, burn_in=1, val_interval=2), 'work_dir': 'work',
        'image_size': (64, 64), 'train_dataloader.batch_sampler.unlabeled': 1,
        'model.detector.backbone.init_cfg': None, 'experiment_name': tmp_path.name}))
    runner.train()
    assert runner.iter == 2
    assert 'val/teacher/coco/segm_mAP' in runner.message_hub.log_scalars


def test_labeled_and_validation_images_leave_the_unlabeled_folder(given, tmp_path, world):
    path = init(**dict(given, unlabeled=world))
    listed = json.loads((tmp_path / 'my_config_unlabeled.json').read_text())
    names = [image['file_name'] for image in listed['images']]
    assert names == [f'unlabeled/unlabeled_{i:03d}.png' for i in range(1, 5)]
    unlabeled = load_config(path).train_dataloader.dataset.unlabeled
    assert Path(unlabeled.data_root, unlabeled.data_prefix.img, names[0]).is_file()


@pytest.mark.slow
def test_the_same_file_may_be_there_and_another_may_not(given, tmp_path):
    given.update(val=None, val_images=None)
    init(**given)
    (tmp_path / 'my_config.py').unlink()  # As after an interruption.
    path = init(**given)
    with pytest.raises(ValueError, match='--force'):
        init(**given)
    path.unlink()
    (tmp_path / 'my_config_val.json').write_text('{"mine": 1}')
    with pytest.raises(ValueError, match='my_config_val.json is there with another content'):
        init(**given)
    assert not path.exists()
    init(**given, force=True)
    assert 'mine' not in (tmp_path / 'my_config_val.json').read_text()


def test_on_a_gpu_the_large_model_is_taken(given, monkeypatch, capsys):
    monkeypatch.setattr(initializing, 'machine_at_hand', lambda: Machine('some GPU', 24.0))
    cfg = load_config(init(**given))
    assert cfg.model.detector.backbone.depth == 50
    assert 'mmssis train my_config.py --amp' in capsys.readouterr().out


def test_a_failed_measurement_is_told_and_keeps_the_config(given, monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError('out of memory')

    monkeypatch.setattr(cost, 'measure_updates', fail)
    assert init(**dict(given, measure=True)).is_file()
    assert 'could not be measured: RuntimeError: out of memory' in capsys.readouterr().out


def without_masks(content):
    for annotation in content['annotations']:
        annotation['segmentation'] = []


def with_a_class_less(content):
    content['categories'].append(dict(id=4, name='ring'))


def with_crowds(content):
    for annotation in content['annotations']:
        annotation['iscrowd'] = 1


@pytest.mark.parametrize('mistake, words', [
    pytest.param(lambda world: dict(val=world / 'annotations/labeled.json',
                                    val_images=world / 'labeled'),
                 ('This is a leak', '--labeled'), id='validated on what is learned'),
    pytest.param(lambda world: dict(images=world / 'val'),
                 ('Not one image is there', '--images'), id='folder of other images'),
    pytest.param(lambda world: dict(labeled=changed(world, without_masks)),
                 ('box_teacher', '--labeled'), id='boxes and no masks'),
    pytest.param(lambda world: dict(labeled=changed(world, with_a_class_less)),
                 ("lack ['ring']", '--val'), id='a class that validation lacks'),
    pytest.param(lambda world: dict(labeled=changed(world, with_crowds)),
                 ('iscrowd', ), id='crowd regions only'),
    pytest.param(lambda world: dict(unlabeled=world / 'labeled'),
                 ('nothing but 8 labeled', ), id='no image without labels'),
    pytest.param(lambda world: dict(unlabeled=world / 'annotations'),
                 ('No unlabeled image found', '--unlabeled'), id='a folder without images'),
    pytest.param(lambda world: dict(out='config.txt'), ('.py', ), id='no name of a config'),
])
def test_mistakes_are_told_with_the_option_and_leave_nothing(given, world, tmp_path, mistake,
                                                             words):
    with pytest.raises(ValueError) as error:
        init(**dict(given, **mistake(world)))
    assert all(word in str(error.value) for word in words)
    assert not list(tmp_path.iterdir())
