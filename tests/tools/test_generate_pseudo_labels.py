"""The offline generator as a user runs it, with a tiny Mask R-CNN over generated images."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmdet.datasets import CocoDataset
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from models.roi_heads.toy_mask_rcnn import toy_mask_rcnn
from toy import CLASSES, write_coco

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
NUM_IMAGES = 5


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    """Labeled and unlabeled images, and a teacher with random weights."""
    init_default_scope('mmdet')
    root = tmp_path_factory.mktemp('world')
    write_coco(root, 'labeled', 4, seed=1)
    write_coco(root, 'unlabeled', NUM_IMAGES, seed=2)
    write_teacher(root, 'teacher', seed=0)
    return root


def write_teacher(root, name, seed, classes=CLASSES):
    """A config of a plain detector and its checkpoint."""
    torch.manual_seed(seed)
    model = toy_mask_rcnn(len(classes))
    pipeline = [dict(type='LoadImageFromFile'),
                dict(type='Resize', scale=(64, 64), keep_ratio=True),
                dict(type='PackDetInputs')]
    Config(dict(
        default_scope='mmdet', model=model.to_dict(),
        test_dataloader=dict(dataset=dict(type='CocoDataset', pipeline=pipeline,
                                          metainfo=dict(classes=classes))))).dump(
        root / f'{name}.py')
    torch.save(dict(state_dict=MODELS.build(model).state_dict()), root / f'{name}.pth')


def arguments(world, out, *more, teacher='teacher', unlabeled='annotations/unlabeled.json'):
    """Command line; the score floor is below what random weights say."""
    return [world / f'{teacher}.py', world / f'{teacher}.pth', '--unlabeled', world / unlabeled,
            '--image-root', world / 'unlabeled', '--labeled', world / 'annotations/labeled.json',
            '--out', out, '--preset', 'none', '--score-floor', '0.01', '--workers', '0',
            '--device', 'cpu', *more]


def labels_of(out):
    """Bytes of the label file."""
    return (out / 'pseudo_labels.json').read_bytes()


def test_labels_can_be_trained_on(world, tmp_path, run_tool, capsys):
    run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path))
    content = json.loads(labels_of(tmp_path))
    assert len(content['images']) == NUM_IMAGES and content['annotations']
    assert {'score', 'mask_score', 'segmentation', 'bbox'} <= set(content['annotations'][0])
    dataset = CocoDataset(ann_file=str(tmp_path / 'pseudo_labels.json'), pipeline=[],
                          data_prefix=dict(img=str(world / 'unlabeled')),
                          metainfo=dict(classes=CLASSES))
    assert Path(dataset[0]['img_path']).is_file()
    assert sum(len(sample['instances']) for sample in dataset) == len(content['annotations'])
    assert json.loads((tmp_path / 'thresholds.json').read_text())['thresholds']['classes']
    assert 'Pixel threshold' in capsys.readouterr().out


@pytest.mark.parametrize('extra', [[], ['--preset', 'fast']], ids=['one view', 'with its flip'])
def test_killed_and_started_again_gives_the_same_bytes(extra, world, tmp_path, run_tool,
                                                       monkeypatch):
    run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path / 'whole', *extra))
    killed = arguments(world, tmp_path / 'killed', *extra)
    import mmssis.offline.shards as shards
    write, calls = shards.ShardWriter.write, []

    def write_twice(self, *values):
        if len(calls) == 2:
            # A line that a kill tore in two.
            self.path.open('ab').write(b'{"image": {"id": 3, "file')
            raise KeyboardInterrupt
        calls.append(values)
        write(self, *values)

    monkeypatch.setattr(shards.ShardWriter, 'write', write_twice)
    with pytest.raises(KeyboardInterrupt):
        run_tool('generate_pseudo_labels.py', *killed)
    monkeypatch.undo()
    assert not (tmp_path / 'killed/pseudo_labels.json').exists()
    run_tool('generate_pseudo_labels.py', *killed)
    assert labels_of(tmp_path / 'killed') == labels_of(tmp_path / 'whole')


def test_other_thresholds_need_no_inference(world, tmp_path, run_tool, monkeypatch):
    run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path))
    monkeypatch.setattr('mmssis.offline.predictor.build_predictor', None)
    monkeypatch.setattr('mmssis.offline.generation.predict_images', None)
    run_tool('generate_pseudo_labels.py',
             *arguments(world, tmp_path, '--box-thr', '0.02', '--pixel-thr', '0.4'))
    thresholds = json.loads((tmp_path / 'thresholds.json').read_text())['thresholds']
    assert thresholds == dict(classes=dict.fromkeys(CLASSES, 0.02), pixel=0.4)


def test_a_folder_is_as_good_as_a_list(world, tmp_path, run_tool):
    run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path / 'list'))
    run_tool('generate_pseudo_labels.py',
             *arguments(world, tmp_path / 'folder', unlabeled='unlabeled'))
    both = [json.loads(labels_of(tmp_path / name)) for name in ('list', 'folder')]
    assert [[image['file_name'] for image in content['images']] for content in both][0] == \
        [image['file_name'] for image in both[1]['images']]
    assert [a['segmentation'] for a in both[0]['annotations']] == \
        [a['segmentation'] for a in both[1]['annotations']]


@pytest.fixture
def damaged(world, tmp_path):
    """The unlabeled images, one of them torn."""
    folder = tmp_path / 'images'
    folder.mkdir()
    for path in (world / 'unlabeled').iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    torn = sorted(folder.iterdir())[2]
    torn.write_bytes(torn.read_bytes()[:60])
    return folder


def test_an_unreadable_image_is_named_and_costs_no_other(world, damaged, tmp_path, run_tool):
    command = arguments(world, tmp_path / 'out', unlabeled=damaged)
    command[command.index('--image-root') + 1] = damaged
    with pytest.raises(SystemExit, match=r'1 of 5 images could not be read: .*003\.png.*skip'):
        run_tool('generate_pseudo_labels.py', *command)
    assert not (tmp_path / 'out/pseudo_labels.json').exists()
    run_tool('generate_pseudo_labels.py', *command, '--on-unreadable', 'skip')
    names = [image['file_name'] for image in json.loads(labels_of(tmp_path / 'out'))['images']]
    assert len(names) == 4 and not any('003' in name for name in names)


@pytest.mark.parametrize('mode', ['error', 'skip'])
def test_an_empty_file_of_a_folder_keeps_its_place(mode, world, damaged, tmp_path, run_tool,
                                                   capsys):
    broken = sorted(damaged.iterdir())[2]
    whole = (world / 'unlabeled' / broken.name).read_bytes()
    broken.write_bytes(b'')
    command = arguments(world, tmp_path / 'out', unlabeled=damaged)
    command[command.index('--image-root') + 1] = damaged
    if mode == 'error':
        with pytest.raises(SystemExit, match=f'1 of 5 images could not be read: .*{broken.name}'):
            run_tool('generate_pseudo_labels.py', *command)
    else:
        run_tool('generate_pseudo_labels.py', *command, '--on-unreadable', 'skip')
        assert f'{broken.name}. They are left out' in capsys.readouterr().out
    broken.write_bytes(whole)
    run_tool('generate_pseudo_labels.py', *command)
    assert '5 images, 4 predicted before' in capsys.readouterr().out
    assert len(json.loads(labels_of(tmp_path / 'out'))['images']) == 5


def test_a_class_without_labeled_instance(world, tmp_path, run_tool, capsys):
    """Matched thresholds keep none of it and say so; a number is for every class."""
    run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path, '--box-thr', '0.0'))
    ids = {a['category_id'] for a in json.loads(labels_of(tmp_path))['annotations']}
    content = json.loads((world / 'annotations/labeled.json').read_text())
    rare = next(c for c in content['categories'] if c['id'] in ids)
    content['annotations'] = [a for a in content['annotations'] if a['category_id'] != rare['id']]
    (tmp_path / 'labeled.json').write_text(json.dumps(content))
    line = f'the matched threshold keeps none: {rare["name"]}.'
    for threshold, is_kept in (('0.0', True), ('matched', False)):
        capsys.readouterr()
        run_tool('generate_pseudo_labels.py', *arguments(
            world, tmp_path, '--box-thr', threshold, '--labeled', tmp_path / 'labeled.json'))
        found = {a['category_id'] for a in json.loads(labels_of(tmp_path))['annotations']}
        assert (rare['id'] in found) is is_kept
        assert (line in capsys.readouterr().out) is not is_kept


@pytest.mark.parametrize('change, error, message', [
    pytest.param(dict(unlabeled='twice.json'), ValueError, '"images" occur more than once: 7',
                 id='an id twice'),
    pytest.param(dict(teacher='crops'), ValueError, 'CenterCrop.*take them out', id='a step'),
    pytest.param(dict(unlabeled='nothing'), FileNotFoundError, 'no such folder', id='no folder'),
    pytest.param(dict(unlabeled='empty'), ValueError, 'No unlabeled image', id='empty folder'),
    pytest.param(dict(teacher='other'), ValueError, 'zebra', id='classes of other data'),
])
def test_wrong_input_is_refused_before_inference(change, error, message, world, tmp_path, run_tool,
                                                 monkeypatch):
    (world / 'empty').mkdir(exist_ok=True)
    write_teacher(world, 'other', 0, classes=('zebra', *CLASSES[1:]))
    write_teacher(world, 'crops', 0)
    with (world / 'crops.py').open('a') as file:
        file.write("\ntest_dataloader['dataset']['pipeline'].insert(2, dict(type='CenterCrop'))\n")
    listed = dict(id=7, height=9, width=9)
    (world / 'twice.json').write_text(json.dumps(dict(images=[
        dict(listed, file_name=name) for name in ('a.png', 'b.png')])))
    monkeypatch.setattr('mmssis.offline.predictor.build_predictor', None)
    with pytest.raises(error, match=message):
        run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path, **change))


def test_predictions_of_another_teacher_are_not_mixed_in(world, tmp_path, run_tool):
    run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path))
    write_teacher(world, 'second', seed=1)
    with pytest.raises(ValueError, match='checkpoint_sha256: .* there, .* now'):
        run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path, teacher='second'))


def test_predictions_of_other_settings_are_not_mixed_in(world, tmp_path, run_tool):
    run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path))
    with pytest.raises(ValueError, match='model_sha256: .* there, .* now'):
        run_tool('generate_pseudo_labels.py', *arguments(
            world, tmp_path, '--cfg-options', 'model.test_cfg.rcnn.nms.iou_threshold=0.3'))


@pytest.mark.slow
def test_two_ranks_give_the_labels_of_one(world, tmp_path, run_tool):
    run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path / 'one'))
    path = os.pathsep.join([str(TOOLS.parent), os.environ.get('PYTHONPATH', '')])
    subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2', '--master_port',
         str(20000 + os.getpid() % 20000), TOOLS / 'generate_pseudo_labels.py',
         *map(str, arguments(world, tmp_path / 'two', '--launcher', 'pytorch'))],
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''),
        check=True, timeout=240)
    assert len(list((tmp_path / 'two/predictions').glob('shard-*'))) == 2
    assert labels_of(tmp_path / 'two') == labels_of(tmp_path / 'one')
