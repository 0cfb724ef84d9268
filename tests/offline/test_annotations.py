"""The COCO file of pseudo labels: what it holds, that mmdet reads it, and that bytes repeat."""

import errno
import json

import pytest
import torch
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from toy_offline import (CLASSES, HEIGHT, WIDTH, cat, detections, full, image, labeled_file,
                         write_shard)

from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.offline import annotations
from mmssis.offline.annotations import write_annotations
from mmssis.offline.detections import SoftDetections
from mmssis.offline.label_statistics import read_label_statistics
from mmssis.offline.shards import ShardWriter, finished_ids
from mmssis.offline.thresholds import Thresholds, find_thresholds

FINGERPRINT = dict(checkpoint='ab12', views='paper')


@pytest.fixture
def labeled(tmp_path):
    return read_label_statistics(labeled_file(tmp_path), CLASSES)


def fixed(class_thr=0.5, pixel_thr=0.5, num_images=1):
    zeros = torch.zeros(3, dtype=torch.long)
    return Thresholds(torch.full((3, ), class_thr).double(), pixel_thr, num_images, zeros, zeros)


@pytest.fixture
def label(tmp_path, labeled):
    """Write the pseudo labels of detections by image id; returns the content of the file."""
    def write(found, thresholds=None):
        folder = write_shard(tmp_path / 'shards', found)
        out_file = tmp_path / 'out' / 'pseudo_labels.json'
        write_annotations(folder, out_file, labeled, thresholds or find_thresholds(folder, labeled),
                          FINGERPRINT)
        return json.loads(out_file.read_text())
    return write


def test_no_detection_at_all(label, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / '.pseudo_labels.json.partial').write_text('the rest of a kill')
    content = label({i: SoftDetections.empty(7) for i in (2, 1)})
    assert content['images'] == [image(1), image(2)] and content['annotations'] == []
    assert names_in(tmp_path / 'out') == ['pseudo_labels.json', 'thresholds.json']


def test_one_annotation(label):
    content = label({4: full(0.9, 1, box=(10.25, 4, 20, 14), prob=0.8)}, fixed(pixel_thr=0.3))
    annotation, = content['annotations']
    mask = annotation.pop('segmentation')
    assert annotation == dict(
        id=1, image_id=4, category_id=20, bbox=[10.25, 4.0, 9.75, 10.0], area=100, iscrowd=0,
        score=0.9, mask_score=0.8)
    assert coco_mask.decode(mask)[4:14, 10:20].all() and coco_mask.area(mask) == 100
    assert [category['name'] for category in content['categories']] == list(CLASSES)


@pytest.mark.parametrize('found', [
    pytest.param(full(0.5, 0), id='score at the threshold'),
    pytest.param(full(0.9, 0, prob=0.4), id='empty mask'),
    pytest.param(full(0.9, 0, box=(10, 10, 10.5, 20)), id='half a pixel wide'),
    pytest.param(full(0.9, 0, box=(20, 10, 10, 20)), id='corners exchanged'),
])
def test_left_out(found, label):
    content = label({0: cat(found, full(0.8, 2)), 1: found}, fixed())
    assert [(a['id'], a['image_id'], a['score']) for a in content['annotations']] == [(1, 0, 0.8)]
    assert len(content['images']) == 2


def test_boxes_end_at_the_image(label):
    content = label({0: full(0.9, 0, box=(-5, -2, 100, 100))}, fixed())
    assert content['annotations'][0]['bbox'] == [0, 0, WIDTH, HEIGHT]


@pytest.mark.parametrize('pixel_thr, score', [
    pytest.param(0.5, 0.8, id='cells above'),
    pytest.param(0.2, 0.5, id='all but those of 0'),
    pytest.param(0.0, 0.5, id='probability 0 is never foreground'),
])
def test_mask_scores(pixel_thr, score, label):
    found = full(0.9, 0, size=4)
    found.mask_probs[0] = torch.tensor([0.8, 0.8, 0.2, 0.2])[:, None]
    found.mask_probs[0, :, 0] = 0
    content = label({0: found}, fixed(pixel_thr=pixel_thr))
    assert content['annotations'][0]['mask_score'] == pytest.approx(score, abs=1e-6)


def test_a_threshold_that_only_pasting_reaches_still_has_a_mask_score(label, monkeypatch):
    monkeypatch.setattr(annotations, 'binary_rle', lambda *_: (dict(), 3))
    content = label({0: full(0.9, 0, prob=0.4)}, fixed())
    assert content['annotations'][0]['mask_score'] == pytest.approx(0.4)


def test_matched_counts_and_provenance(label, tmp_path):
    content = label({i: detections(i, 4) for i in range(12)})
    provenance = content['info']['provenance']
    assert json.loads((tmp_path / 'out' / 'thresholds.json').read_text()) == provenance
    assert provenance['generation'] == FINGERPRINT
    assert provenance['num_images'] == dict(labeled=4, unlabeled=12)
    assert list(provenance['thresholds']['classes']) == list(CLASSES)
    for name, category_id, kept in (('cat', 10, 6), ('dog', 20, 6), ('emu', 30, 0)):
        written = [a for a in content['annotations'] if a['category_id'] == category_id]
        counts = provenance['classes'][name]
        assert counts['above_threshold'] == kept and counts['annotations'] == len(written) <= kept
        assert counts['labeled'] == (2 if kept else 0)
    assert [a['id'] for a in content['annotations']] == list(
        range(1, len(content['annotations']) + 1))


def test_readers_accept_the_file(label, tmp_path):
    content = label({i: detections(i, 4) for i in range(12)})
    path = str(tmp_path / 'out' / 'pseudo_labels.json')
    assert validate_coco_json(path, CLASSES) == []
    coco = COCO(path)
    for annotation in content['annotations']:
        assert coco.annToMask(annotation).shape == (HEIGHT, WIDTH)
        assert coco.annToMask(annotation).sum() == annotation['area']


def generate(folder, found, ranks, stop_after):
    """Runs of so many ranks each, of which each process is killed in the middle of a line."""
    for world_size in ranks:
        done = finished_ids(folder)
        left = [image_id for image_id in found if image_id not in done]
        for rank in range(world_size):
            with ShardWriter(folder, rank) as writer:
                for image_id in left[rank::world_size][:stop_after]:
                    writer.write(image(image_id), found[image_id])
            with open(writer.path, 'ab') as file:
                file.write(b'{"image": {"id": 1, "fi')
    write_shard(folder, {i: found[i] for i in found if i not in finished_ids(folder)}, rank=7)


def result(folder, labeled):
    """Bytes of both files."""
    out_file = folder / 'pseudo_labels.json'
    write_annotations(folder, out_file, labeled, find_thresholds(folder, labeled), FINGERPRINT)
    return out_file.read_bytes(), (folder / 'thresholds.json').read_bytes()


@pytest.mark.parametrize('ranks, stop_after', [
    pytest.param([1, 3, 2], 1, id='another number each time'),
    pytest.param([4], 99, id='killed after the last image'),
])
def test_interruptions_and_ranks_give_the_same_bytes(ranks, stop_after, labeled, tmp_path):
    found = {i: detections(i, 4) for i in (*range(10), 'night/1', 'day/2')[:10]}
    write_shard(tmp_path / 'one', found)
    generate(tmp_path / 'many', found, ranks, stop_after)
    one, many = (result(tmp_path / name, labeled) for name in ('one', 'many'))
    assert one == many and result(tmp_path / 'many', labeled) == many


def test_full_disk_names_the_file_and_keeps_the_earlier_one(label, tmp_path, monkeypatch):
    label({0: full(0.9, 0)}, fixed())
    path = tmp_path / 'out' / 'pseudo_labels.json'
    before = path.read_bytes()

    def fail(handle):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(annotations.os, 'fsync', fail)
    with pytest.raises(OSError, match='could not be written. All detections are kept.*pseudo_lab'):
        label({}, fixed())
    assert path.read_bytes() == before and names_in(path.parent) == [path.name, 'thresholds.json']


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())
