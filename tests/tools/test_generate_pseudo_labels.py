"""The offline generator as a user runs it, with a tiny Mask R-CNN over generated images."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmdet.datasets import CocoDataset
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from toy import CLASSES, write_coco
from toy_condinst import build_condinst, toy_condinst
from toy_mask_rcnn import toy_mask_rcnn

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


@pytest.fixture(scope='module')
def whole(world, run_tool):
    """An output folder of one run; tests that go on with it copy it."""
    run_tool('generate_pseudo_labels.py', *arguments(world, world / 'whole'))
    return world / 'whole'


def test_labels_can_be_trained_on(world, whole):
    content = json.loads(labels_of(whole))
    assert len(content['images']) == NUM_IMAGES and content['annotations']
    assert {'score', 'mask_score', 'segmentation', 'bbox'} <= set(content['annotations'][0])
    dataset = CocoDataset(ann_file=str(whole / 'pseudo_labels.json'), pipeline=[],
                          data_prefix=dict(img=str(world / 'unlabeled')),
                          metainfo=dict(classes=CLASSES))
    assert Path(dataset[0]['img_path']).is_file()
    assert sum(len(sample['instances']) for sample in dataset) == len(content['annotations'])
    assert json.loads((whole / 'thresholds.json').read_text())['thresholds']['classes']


def test_killed_and_started_again_gives_the_same_bytes(world, whole, tmp_path, run_tool,
                                                       monkeypatch):
    killed = arguments(world, tmp_path)
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
    assert not (tmp_path / 'pseudo_labels.json').exists()
    run_tool('generate_pseudo_labels.py', *killed)
    assert labels_of(tmp_path) == labels_of(whole)


def test_other_thresholds_need_no_inference(world, whole, tmp_path, run_tool, monkeypatch):
    out = shutil.copytree(whole, tmp_path / 'out')
    monkeypatch.setattr('mmssis.offline.labeling.build_predictor', None)
    monkeypatch.setattr('mmssis.offline.labeling.predict_images', None)
    run_tool('generate_pseudo_labels.py',
             *arguments(world, out, '--box-thr', '0.02', '--pixel-thr', '0.4'))
    thresholds = json.loads((out / 'thresholds.json').read_text())['thresholds']
    assert thresholds == dict(classes=dict.fromkeys(CLASSES, 0.02), pixel=0.4)


def test_a_folder_is_as_good_as_a_list(world, whole, tmp_path, run_tool):
    run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path, unlabeled='unlabeled'))
    one, other = (json.loads(labels_of(out)) for out in (whole, tmp_path))
    assert [image['file_name'] for image in one['images']] == \
        [image['file_name'] for image in other['images']]
    assert [a['segmentation'] for a in one['annotations']] == \
        [a['segmentation'] for a in other['annotations']]


def test_predictions_of_another_teacher_or_of_other_settings_are_not_mixed_in(
        world, whole, tmp_path, run_tool):
    out = shutil.copytree(whole, tmp_path / 'out')
    with pytest.raises(SystemExit, match='model_sha256: .* there, .* now'):
        run_tool('generate_pseudo_labels.py', *arguments(
            world, out, '--cfg-options', 'model.test_cfg.rcnn.nms.iou_threshold=0.3'))
    write_teacher(world, 'second', seed=1)
    with pytest.raises(SystemExit, match='checkpoint_sha256: .* there, .* now'):
        run_tool('generate_pseudo_labels.py', *arguments(world, out, teacher='second'))
    assert labels_of(out) == labels_of(whole)


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


def test_an_empty_file_of_a_folder_keeps_its_place(world, damaged, tmp_path, run_tool, capsys):
    broken = sorted(damaged.iterdir())[2]
    whole = (world / 'unlabeled' / broken.name).read_bytes()
    broken.write_bytes(b'')
    command = arguments(world, tmp_path / 'out', unlabeled=damaged)
    command[command.index('--image-root') + 1] = damaged
    with pytest.raises(SystemExit, match=f'1 of 5 images could not be read: .*{broken.name}'):
        run_tool('generate_pseudo_labels.py', *command)
    run_tool('generate_pseudo_labels.py', *command, '--on-unreadable', 'skip')
    assert f'{broken.name}. They are left out' in capsys.readouterr().out
    broken.write_bytes(whole)
    run_tool('generate_pseudo_labels.py', *command)
    assert '5 images, 4 predicted before' in capsys.readouterr().out
    assert len(json.loads(labels_of(tmp_path / 'out'))['images']) == 5


@pytest.fixture(scope='module')
def box_world(world):
    """A CondInst with random weights that finds something."""
    model = build_condinst()
    config = Config.fromfile(world / 'teacher.py')
    config.model = toy_condinst()
    config.dump(world / 'condinst.py')
    torch.save(dict(state_dict=model.state_dict()), world / 'condinst.pth')
    return [world / 'condinst.py', world / 'condinst.pth', '--image-root', world / 'unlabeled',
            '--workers', '0', '--device', 'cpu', '--score-floor', '0']


def test_true_boxes_get_masks_and_a_plain_detector_reads_them(
        world, box_world, tmp_path, run_tool, capsys):
    boxes = world / 'annotations/unlabeled.json'
    run_tool('generate_pseudo_labels.py', *box_world, '--boxes', boxes, '--out', tmp_path)
    given, known = (CocoDataset(ann_file=str(path), data_prefix=dict(img=str(world / 'unlabeled')),
                                metainfo=dict(classes=CLASSES))
                    for path in (tmp_path / 'pseudo_labels.json', boxes))
    learned = [instance for image in given for instance in image['instances']]
    true = [instance for image in known for instance in image['instances']]
    assert len(given) == len(known) == NUM_IMAGES and len(learned) == len(true) > 0
    for mine, theirs in zip(learned, true):
        assert mine['bbox'] == pytest.approx(theirs['bbox'], abs=1e-2)
        assert mine['bbox_label'] == theirs['bbox_label'] and 'counts' in mine['mask']
    assert f'of {len(true)} true boxes have a mask' in capsys.readouterr().out


@pytest.mark.parametrize('more, message', [
    pytest.param(['--boxes', 'x.json', '--labeled', 'y.json'], '--labeled is not read', id='both'),
    pytest.param(['--boxes', 'x.json', '--pixel-thr', '0.4'], '--pixel-thr is not', id='pixels'),
    pytest.param(['--boxes', 'x.json', '--preset', 'fast'], 'seen once', id='views'),
    pytest.param(['--unlabeled', 'x'], 'or --boxes', id='neither'),
])
def test_options_of_true_boxes_and_of_unlabeled_images_are_told_apart(
        box_world, tmp_path, run_tool, more, message):
    with pytest.raises(SystemExit, match=message):
        run_tool('generate_pseudo_labels.py', *box_world, '--out', tmp_path, *more)


def test_a_class_without_labeled_instance(world, whole, tmp_path, run_tool, capsys):
    """Matched thresholds keep none of it and say so; a number is for every class."""
    out = shutil.copytree(whole, tmp_path / 'out')
    content = json.loads((world / 'annotations/labeled.json').read_text())
    name = CLASSES[json.loads(labels_of(whole))['annotations'][0]['category_id'] - 1]
    rare = next(c['id'] for c in content['categories'] if c['name'] == name)
    content['annotations'] = [a for a in content['annotations'] if a['category_id'] != rare]
    (tmp_path / 'labeled.json').write_text(json.dumps(content))
    line = f'the matched threshold keeps none: {name}.'
    unseen = [other for other, row in json.loads(
        (whole / 'thresholds.json').read_text())['classes'].items() if not row['detections']]
    for threshold, is_kept in (('0.0', True), ('matched', False)):
        capsys.readouterr()
        run_tool('generate_pseudo_labels.py', *arguments(
            world, out, '--box-thr', threshold, '--labeled', tmp_path / 'labeled.json'))
        found = {a['category_id'] for a in json.loads(labels_of(out))['annotations']}
        assert (rare in found) is is_kept
        said = capsys.readouterr().out
        assert (line in said) is not is_kept
        assert (f'no pseudo label of them: {", ".join(unseen)}' in said) is bool(unseen)


REFUSED = [
    (dict(unlabeled='twice.json'), '"images" occur more than once: 7'),
    (dict(teacher='crops'), 'CenterCrop.*take them out'),
    (dict(unlabeled='nothing'), 'no such folder'),
    (dict(unlabeled='empty'), 'No unlabeled image .*there is no file'),
    (dict(teacher='other'), 'zebra'),
]


def test_wrong_input_is_refused_before_inference(world, tmp_path, run_tool, monkeypatch):
    (world / 'empty').mkdir()
    write_teacher(world, 'other', 0, classes=('zebra', *CLASSES[1:]))
    write_teacher(world, 'crops', 0)
    with (world / 'crops.py').open('a') as file:
        file.write("\ntest_dataloader['dataset']['pipeline'].insert(2, dict(type='CenterCrop'))\n")
    listed = dict(id=7, height=9, width=9)
    (world / 'twice.json').write_text(json.dumps(dict(images=[
        dict(listed, file_name=name) for name in ('a.png', 'b.png')])))
    monkeypatch.setattr('mmssis.offline.labeling.build_predictor', None)
    for change, message in REFUSED:
        with pytest.raises(SystemExit, match=message):
            run_tool('generate_pseudo_labels.py', *arguments(world, tmp_path, **change))


@pytest.mark.slow
def test_two_ranks_give_the_labels_of_one(world, whole, tmp_path):
    path = os.pathsep.join([str(TOOLS.parent), os.environ.get('PYTHONPATH', '')])
    subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2', '--master_port',
         str(20000 + os.getpid() % 20000), TOOLS / 'generate_pseudo_labels.py',
         *map(str, arguments(world, tmp_path, '--launcher', 'pytorch'))],
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''),
        check=True, timeout=240)
    assert len(list((tmp_path / 'predictions').glob('shard-*'))) == 2
    assert labels_of(tmp_path) == labels_of(whole)
