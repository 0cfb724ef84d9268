"""Thresholds of a whole set: against loops, and where there is nothing to match."""

import gc
import weakref
from dataclasses import replace

import pytest
import torch
from reference import offline_labels, plain_equations
from toy_offline import CLASSES, HEIGHT, WIDTH, cat, detections, full, labeled_file, write_shard

from mmssis.offline.detections import SoftDetections
from mmssis.offline.label_statistics import read_label_statistics
from mmssis.offline.shards import read_records
from mmssis.offline.thresholds import collect_scores, find_thresholds, pixel_histogram
from mmssis.ops import match_class_thresholds


@pytest.fixture
def labeled(tmp_path):
    """Half a cat and half a dog per image, no emu; half of a box is foreground."""
    return read_label_statistics(labeled_file(tmp_path), CLASSES)


def as_lists(folder):
    """What the references read."""
    images = []
    for record in read_records(folder):
        found = record.detections()
        images.append(dict(height=HEIGHT, width=WIDTH, detections=list(zip(
            found.boxes.tolist(), found.scores.tolist(), found.labels.tolist(),
            found.mask_probs.tolist()))))
    return images


def test_no_image_is_refused(labeled, tmp_path):
    with pytest.raises(ValueError, match='pseudo holds no unlabeled image: there is nothing to'):
        find_thresholds(tmp_path / 'pseudo', labeled)


@pytest.mark.parametrize('settings', [dict(), dict(class_thr=0.7, pixel_thr=0.5)],
                         ids=['matched', 'fixed'])
def test_images_without_any_detection(settings, labeled, tmp_path):
    folder = write_shard(tmp_path / 'pseudo', {i: SoftDetections.empty(7) for i in range(3)})
    found = find_thresholds(folder, labeled, **settings)
    assert found.num_images == 3 and found.pixel == 0.5
    assert found.classes.tolist() == [0.7 if settings else 0] * 3
    assert found.num_detections.tolist() == found.num_kept.tolist() == [0, 0, 0]


def test_matched_thresholds_against_loops(labeled, tmp_path):
    folder = write_shard(tmp_path / 'pseudo', {i: detections(i, 4) for i in range(12)})
    found = find_thresholds(folder, labeled)
    images = as_lists(folder)
    of_all = [detection for image in images for detection in image['detections']]
    classes = plain_equations.match_class_thresholds(
        [d[1] for d in of_all], [d[2] for d in of_all], 12, [0.5, 0.5, 0])
    assert found.classes.tolist() == classes
    histogram = offline_labels.pixel_histogram(images, classes)
    expected = plain_equations.match_pixel_threshold(histogram, labeled.foreground_fraction)
    assert expected <= found.pixel <= expected + 5 / 256
    assert found.num_detections.sum() == 44 and found.num_kept.tolist() == [6, 6, 0]


def test_matched_thresholds_come_nearer_than_the_released_scan():
    num_images, wanted = 100, [1.0, 4.3, 0.0]
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(2000, generator=generator, dtype=torch.float64)
    labels = torch.randint(3, (2000, ), generator=generator)
    results = [dict(category_id=label, score=score)
               for label, score in zip(labels.tolist(), scores.tolist())]
    scanned = offline_labels.scan_class_thresholds(results, num_images, wanted)
    matched = match_class_thresholds(scores, labels, num_images, torch.tensor(wanted))
    for label, q_c in enumerate(wanted):
        mine, theirs = (abs(int((scores[labels == label] > thr).sum()) / num_images - q_c)
                        for thr in (matched[label], scanned[label]))
        assert mine <= theirs
        assert matched[label].item() == pytest.approx(scanned[label], abs=0.02)


def test_a_class_that_labels_lack_and_one_without_detection(labeled, tmp_path):
    """Emus are not labeled, dogs not detected."""
    folder = write_shard(tmp_path / 'pseudo', {
        0: cat(full(0.9, 0), full(0.8, 2)), 1: full(0.95, 2), 2: full(0.3, 0), 3: full(0.2, 0)})
    found = find_thresholds(folder, labeled)
    assert found.classes.tolist() == pytest.approx([0.2, 0, 0.95])
    assert found.num_kept.tolist() == [2, 0, 0]


def test_fixed_thresholds_keep_what_is_above(labeled, tmp_path):
    folder = write_shard(tmp_path / 'pseudo', {0: cat(full(0.7, 0), full(0.71, 1), full(0.9, 2))})
    found = find_thresholds(folder, labeled, class_thr=0.7, pixel_thr=0.4)
    assert found.classes.tolist() == [0.7] * 3 and found.pixel == 0.4
    assert found.num_detections.tolist() == [1, 1, 1] and found.num_kept.tolist() == [0, 1, 1]
    scores, labels = torch.tensor([0.7, 0.8]).double(), torch.tensor([1, 1])
    assert found.keeps(scores, labels).tolist() == [False, True]
    assert found.keeps(scores[:0], labels[:0]).tolist() == []


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(class_thr=1.5), 'class_thr = 1.5', id='class'),
    pytest.param(dict(pixel_thr=-0.1), 'pixel_thr = -0.1', id='pixel'),
])
def test_thresholds_out_of_range(settings, message, labeled, tmp_path):
    with pytest.raises(ValueError, match=message):
        find_thresholds(tmp_path, labeled, **settings)


def test_labels_beyond_the_classes_are_refused(labeled, tmp_path):
    folder = write_shard(tmp_path / 'pseudo', {0: full(0.9, 3)})
    with pytest.raises(ValueError, match=r'\[0, 3\), got 3'):
        find_thresholds(folder, labeled, class_thr=0.5)


def test_histogram_against_loops(tmp_path):
    folder = write_shard(tmp_path, {
        1: detections(1, 5), 2: full(0.9, 0, box=(-10, 30.5, 20, 50), prob=0.25),
        3: full(0.9, 1, box=(70, 5, 80, 9)), 4: full(0.1, 0), 5: full(0.6, 1, prob=0.0)})
    thresholds = torch.tensor([0.2, 0.3], dtype=torch.float64)
    found = pixel_histogram(read_records(folder), thresholds)
    expected = offline_labels.pixel_histogram(as_lists(folder), thresholds.tolist())
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_masks_of_0_and_1_get_the_threshold_in_the_middle(labeled, tmp_path):
    """The lowest of the equal thresholds, 1 / 256, would make every mask grow."""
    hard = full(0.9, 0)
    hard.mask_probs[:, :3] = 0
    found = find_thresholds(write_shard(tmp_path / 'pseudo', {0: hard}), labeled, class_thr=0.5)
    assert found.pixel == pytest.approx(0.5, abs=1 / 256)


def test_more_foreground_is_wanted_than_there_is(labeled, tmp_path):
    """All cells become foreground that are not sure to be none."""
    labeled = replace(labeled, foreground_fraction=0.9)
    folder = write_shard(tmp_path / 'pseudo', {0: full(0.9, 0, prob=0.1)})
    assert find_thresholds(folder, labeled, class_thr=0.5).pixel == pytest.approx(0.05, abs=0.002)


def counted(records, seen):
    """The same records, of which no more than two may live at a time."""
    for record in records:
        seen.add(record)
        yield record
        gc.collect()
        assert len(seen) <= 2


def test_no_pass_holds_the_records(tmp_path):
    write_shard(tmp_path, {i: detections(i, 3) for i in range(6)})
    scores, labels, num_images = collect_scores(counted(read_records(tmp_path), weakref.WeakSet()))
    assert num_images == 6 and len(scores) == len(labels) == 15
    pixel_histogram(counted(read_records(tmp_path), weakref.WeakSet()), torch.zeros(2).double())
