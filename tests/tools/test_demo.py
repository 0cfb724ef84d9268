"""The demo's data, its small CLIP and the whole run, in miniature."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools/demo'))
import run_demo  # noqa: E402
from demo_shapes import SHAPE_CLASSES  # noqa: E402
from demo_shapes_coco import write_demo_dataset  # noqa: E402


def generate(folder, seed=0, num_train=30):
    write_demo_dataset(folder, seed, num_train, num_val=6, image_size=96)
    return folder


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return generate(tmp_path_factory.mktemp('demo') / 'data')


@pytest.fixture(scope='module')
def demo_clip():
    """Imported late: it needs OpenCLIP, which takes its time."""
    return importlib.import_module('train_demo_clip')


def test_same_seed_same_data(data, tmp_path):
    again, other = generate(tmp_path / 'again'), generate(tmp_path / 'other', seed=1)
    name = 'annotations/instances_train.json'
    assert (data / name).read_bytes() == (again / name).read_bytes()
    assert (data / name).read_bytes() != (other / name).read_bytes()
    image = 'train/000002.jpg'
    assert (data / image).read_bytes() == (again / image).read_bytes()
    assert (data / image).read_bytes() != (other / image).read_bytes()
    fewer = generate(tmp_path / 'fewer', num_train=3)
    assert (data / image).read_bytes() == (fewer / image).read_bytes()


def test_boxes_agree_with_masks_which_do_not_overlap(data):
    coco = COCO(str(data / 'annotations/instances_train.json'))
    assert coco.anns
    for annotation in coco.anns.values():
        ys, xs = np.nonzero(coco.annToMask(annotation))
        x, y, w, h = annotation['bbox']
        assert [x, y, x + w, y + h] == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
        assert annotation['area'] == len(xs)
    for annotations in coco.imgToAnns.values():
        assert sum(map(coco.annToMask, annotations)).max() == 1


@pytest.mark.parametrize('arguments, match', [
    pytest.param(dict(num_train=0), 'num_train=0', id='no_training_image'),
])
def test_refuses_absurd_settings(tmp_path, arguments, match):
    with pytest.raises(ValueError, match=match):
        write_demo_dataset(tmp_path, **arguments)


def test_no_caption_of_a_group_is_right_for_two_crops(demo_clip):
    categories = np.arange(40) % len(SHAPE_CLASSES)
    groups = next(demo_clip.distinct_groups(np.random.default_rng(0), categories, num_groups=5))
    assert groups.shape == (5, len(SHAPE_CLASSES))
    assert all(len(set(categories[group])) == len(SHAPE_CLASSES) for group in groups)


def test_crop_shows_the_box(demo_clip):
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:20, 30:50] = (0, 0, 255)
    crop = demo_clip.cut_crop(image, np.array([30, 10, 50, 20]), context=1.0)
    red = crop[..., 0] > 127
    assert crop[..., 1:].max() == 0
    assert red.mean() == pytest.approx(0.5, abs=0.05)
    assert red[len(red) // 2].all() and not red[0].any()


@pytest.mark.slow
def test_clip_learns_its_crops(demo_clip, tmp_path):
    path = tmp_path / 'demo_clip.json'
    path.write_text(json.dumps(demo_clip.MODEL_CONFIG))
    torch.manual_seed(0)
    model = demo_clip.create_clip(path)
    crops = demo_clip.render_crops(seed=0, stream='test', num_scenes=12, image_size=96)
    demo_clip.train_clip(model, crops, steps=60, num_groups=3, learning_rate=1e-3, seed=0)
    assert demo_clip.zero_shot_accuracy(model, crops) > 3 / len(SHAPE_CLASSES)


def test_stage_runs_once_with_the_same_settings(tmp_path):
    stage = tmp_path / 'stage'
    assert run_demo.begin(stage, dict(steps=3))
    (stage / 'iter_2.pth').touch()
    # Interrupted, it goes on with what it has.
    assert run_demo.begin(stage, dict(steps=3)) and (stage / 'iter_2.pth').exists()
    run_demo.finish(stage)
    assert not run_demo.begin(stage, dict(steps=3))


def test_other_settings_start_a_stage_and_those_after_it_anew(tmp_path):
    first, second = tmp_path / 'first', tmp_path / 'second'
    for steps in (3, 4):
        assert run_demo.begin(first, dict(steps=steps))
        assert run_demo.begin(second, dict(size=1), first)
        assert not list(second.glob('*.pth'))
        for folder in (first, second):
            (folder / 'iter_2.pth').touch()
            run_demo.finish(folder)


def test_folder_of_somebody_else_is_not_emptied(tmp_path):
    (tmp_path / 'clip').mkdir()
    (tmp_path / 'clip/thesis.tex').touch()
    with pytest.raises(SystemExit, match='remove it or give another --work-dir'):
        run_demo.begin(tmp_path / 'clip', dict(steps=3))
    assert (tmp_path / 'clip/thesis.tex').exists()


@pytest.mark.slow
def test_the_whole_demo_runs_and_reuses_what_is_there(run_tool, tmp_path, capfd):
    def run():
        run_tool('demo/run_demo.py', '--quick', '--work-dir', tmp_path)
        files = [*tmp_path.rglob('*.pth'), tmp_path / 'clip/demo_clip.pt']
        return capfd.readouterr().out, {path: path.stat().st_mtime_ns for path in files}

    (text, files), (text_again, files_again) = run(), run()
    assert '| supervised |' in text and '| PL-DC, teacher |' in text
    assert Path(text.strip().splitlines()[-1].split(': ')[1]).exists()
    assert '| supervised |' in text_again and files_again == files
