"""The demo's data, its small CLIP and the whole run, in miniature."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

ROOT = Path(__file__).resolve().parents[2]


def generate(folder, *options):
    command = [sys.executable, str(ROOT / 'tools/dataset_converters/make_demo_data.py'),
               str(folder), '--train', '30', '--val', '6', '--size', '96', *options]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return folder


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return generate(tmp_path_factory.mktemp('demo') / 'data')


def test_same_seed_same_data(data, tmp_path):
    again, other = generate(tmp_path / 'again'), generate(tmp_path / 'other', '--seed', '1')
    name = 'annotations/instances_train.json'
    assert (data / name).read_bytes() == (again / name).read_bytes()
    assert (data / name).read_bytes() != (other / name).read_bytes()
    image = sorted(path.name for path in (data / 'train').iterdir())[0]
    assert (data / 'train' / image).read_bytes() == (again / 'train' / image).read_bytes()


def test_boxes_agree_with_masks(data):
    coco = COCO(str(data / 'annotations/instances_train.json'))
    assert coco.anns
    for annotation in coco.anns.values():
        mask = coco.annToMask(annotation).astype(bool)
        ys, xs = np.nonzero(mask)
        x, y, w, h = annotation['bbox']
        assert np.allclose([x, y, x + w, y + h],
                           [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], atol=1.01)
        assert annotation['area'] == pytest.approx(mask.sum(), rel=0.05, abs=2)


def test_categories_are_unevenly_frequent(data):
    annotations = json.loads((data / 'annotations/instances_train.json').read_text())
    counts = Counter(a['category_id'] for a in annotations['annotations'])
    assert len(annotations['categories']) >= 6
    assert max(counts.values()) >= 2 * min(counts.values())


@pytest.mark.slow
def test_the_whole_demo_runs_and_reuses_what_is_there(tmp_path):
    command = [sys.executable, str(ROOT / 'tools/demo/run_demo.py'), '--quick', '--work-dir',
               str(tmp_path)]
    first = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
    assert '| supervised |' in first.stdout and '| PL-DC, teacher |' in first.stdout
    assert Path(first.stdout.strip().splitlines()[-1].split(': ')[1]).exists()
    checkpoints = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*.pth')}
    clip = (tmp_path / 'clip/demo_clip.pt').stat().st_mtime_ns
    second = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert second.returncode == 0 and '| supervised |' in second.stdout
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*.pth')} == checkpoints
    assert (tmp_path / 'clip/demo_clip.pt').stat().st_mtime_ns == clip
