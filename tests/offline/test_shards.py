"""Shards lose at most one image per kill, whoever goes on, and read the same whoever wrote."""

import errno
import json
import os

import pytest
from toy_offline import SIZE, detections, image, write_shard

from mmssis.offline.detections import SoftDetections
from mmssis.offline.fingerprint import check_header, read_header, write_header
from mmssis.offline.shards import ShardWriter, finished_ids, read_records


def ids_of(folder):
    return [record.image['id'] for record in read_records(folder)]


def contents(folder):
    """Everything that is read of a folder, fit to be compared."""
    return [(record.image, record.boxes.tolist(), record.scores.tolist(), record.labels.tolist(),
             record.detections().mask_probs.tolist()) for record in read_records(folder)]


def shard(folder, rank=0):
    return folder / f'shard-{rank:05d}.jsonl'


def test_no_shard(tmp_path):
    assert finished_ids(tmp_path / 'missing') == set()
    assert contents(tmp_path / 'missing') == []


def test_an_image_without_detections_is_finished(tmp_path):
    write_shard(tmp_path, {5: SoftDetections.empty(SIZE)})
    found = next(read_records(tmp_path)).detections()
    assert finished_ids(tmp_path) == {5} and len(found) == 0
    assert found.boxes.shape == (0, 4) and found.mask_probs.shape == (0, SIZE, SIZE)


def test_round_trip(tmp_path):
    wanted = detections(7)
    with ShardWriter(tmp_path, 0) as writer:
        writer.write(dict(image(7), license=3, path='/somewhere'), wanted)
    record, = read_records(tmp_path)
    found = record.detections()
    assert record.image == image(7) and found.labels.equal(wanted.labels)
    assert found.boxes.numpy() == pytest.approx(wanted.boxes.numpy(), abs=5e-4)
    assert found.scores.numpy() == pytest.approx(wanted.scores.numpy(), abs=5e-7)
    assert found.mask_probs.numpy() == pytest.approx(wanted.mask_probs.numpy(), abs=0.002)
    assert found[found.scores > 2].boxes.shape == (0, 4)


def test_noise_in_the_last_bits_does_not_change_the_bytes(tmp_path):
    found = detections(6)
    write_shard(tmp_path / 'a', {6: found})
    write_shard(tmp_path / 'b', {6: SoftDetections(
        found.boxes.double() + 1e-9, found.scores.double() + 1e-10, found.labels,
        found.mask_probs.double())})
    assert shard(tmp_path / 'a').read_bytes() == shard(tmp_path / 'b').read_bytes()


def test_order_of_ids(tmp_path):
    write_shard(tmp_path, {i: detections(0) for i in (10, 9, 100, 'b', 'a10', 'a9')})
    assert ids_of(tmp_path) == [9, 10, 100, 'a10', 'a9', 'b']


def test_an_image_of_two_shards_counts_once(tmp_path):
    write_shard(tmp_path, {1: detections(1), 2: detections(2)}, rank=1)
    write_shard(tmp_path, {2: detections(2), 3: detections(3)}, rank=0)
    write_shard(tmp_path, {3: detections(3)}, rank=0)
    assert ids_of(tmp_path) == [1, 2, 3]


LAST = len(json.dumps(image(2)))  # The last line is longer than this.


@pytest.mark.parametrize('cut', [
    pytest.param(lambda data: data[:-1], id='all but the line break'),
    pytest.param(lambda data: data[:-LAST], id='in the middle'),
    pytest.param(lambda data: data[:-LAST] + bytes(100), id='zeros after a power cut'),
    pytest.param(lambda data: data[:data.rindex(b'\n', 0, -1) + 1] + b'x' * 2**21, id='long'),
])
def test_a_torn_last_line_is_dropped_and_done_again(cut, tmp_path):
    found = {i: detections(i) for i in (0, 1, 2)}
    write_shard(tmp_path / 'whole', found)
    path = shard(write_shard(tmp_path / 'torn', found))
    path.write_bytes(cut(path.read_bytes()))
    assert finished_ids(tmp_path / 'torn') == {0, 1} and ids_of(tmp_path / 'torn') == [0, 1]
    write_shard(tmp_path / 'torn', {2: found[2]})
    assert path.read_bytes() == shard(tmp_path / 'whole').read_bytes()


def test_a_kill_at_every_moment_of_writing(tmp_path):
    """The process dies after each possible number of bytes; a third rank number goes on."""
    found = {i: detections(i) for i in (1, 2)}
    data = shard(write_shard(tmp_path / 'whole', found)).read_bytes()
    first = data.index(b'\n') + 1
    for end in range(0, len(data) + 1, 97):
        folder = tmp_path / str(end)
        folder.mkdir()
        shard(folder, 3).write_bytes(data[:end])
        done = finished_ids(folder)
        assert len(done) >= (end >= first)
        write_shard(folder, {i: found[i] for i in found if i not in done}, rank=1)
        assert contents(folder) == contents(tmp_path / 'whole')


def test_full_disk_names_the_file_and_keeps_what_was_written(tmp_path):
    write = os.write

    def half(file, data):
        if len(data) < 20:
            raise OSError(errno.ENOSPC, 'No space left on device')
        return write(file, data[:len(data) // 2])

    with ShardWriter(tmp_path, 4) as writer:
        writer.write(image(1), detections(1))
        before = writer.path.read_bytes()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, 'write', half)
            with pytest.raises(OSError, match='image 2 .*kept; make room.*shard-00004') as caught:
                writer.write(image(2), detections(2))
        assert caught.value.errno == errno.ENOSPC and writer.path.read_bytes() == before
        writer.write(image(2), detections(2))
    assert ids_of(tmp_path) == [1, 2]


def test_two_runs_at_once_are_refused(tmp_path):
    with ShardWriter(tmp_path, 0) as writer:
        with pytest.raises(RuntimeError, match='shard-00000.jsonl is being written by another'):
            ShardWriter(tmp_path, 0)
        writer.write(image(1), detections(1))
    writer.close()
    assert ids_of(write_shard(tmp_path, {2: detections(2)})) == [1, 2]


@pytest.mark.parametrize('field, value', [
    ('boxes', float('nan')), ('scores', float('inf'))])
def test_numbers_that_are_none_are_refused(field, value, tmp_path):
    found = detections(6)
    getattr(found, field)[0] = value
    with ShardWriter(tmp_path, 0) as writer:
        with pytest.raises(ValueError, match=rf'image 6 \(6.png\): {field} are not finite'):
            writer.write(image(6), found)
    assert ids_of(tmp_path) == []


@pytest.mark.parametrize('old, new', [
    pytest.param(b'"scores": [0', b'"scores": [7', id='score out of range'),
    pytest.param(b'"id": 1', b'"id": 8', id='another id'),
    pytest.param(b'"labels": [', b'"labels": [9', id='label'),
    pytest.param(b'"height": 40', b'"height": 4', id='number cut short'),
    pytest.param(b', "crc32"', b', "crc"', id='no checksum'),
    pytest.param(b'"image": {', b'"image": {\n', id='line break'),
])
def test_a_changed_line_is_refused_with_file_and_line(old, new, tmp_path):
    path = shard(write_shard(tmp_path, {2: detections(2), 1: detections(1)}))
    first, second = path.read_bytes().splitlines(keepends=True)
    assert old in second
    path.write_bytes(first + second.replace(old, new, 1))
    for read in (finished_ids, ids_of):
        with pytest.raises(ValueError, match=r'shard-00000.jsonl: line 2 \(at byte '
                           rf'{len(first)}\) is damaged or was changed. Delete'):
            read(tmp_path)


FINGERPRINT = dict(checkpoint='ab12', score_floor=0.05, views=[[[1333, 800], False]])


def test_a_header_is_written_once_and_accepted(tmp_path):
    folder = tmp_path / 'new' / 'folder'
    assert not check_header(folder, FINGERPRINT) and read_header(folder) is None
    write_header(folder, FINGERPRINT)
    assert check_header(folder, dict(FINGERPRINT, views=(((1333, 800), False), )))
    assert read_header(folder) == FINGERPRINT and os.listdir(folder) == ['generation.json']


@pytest.mark.parametrize('changed, message', [
    pytest.param(dict(FINGERPRINT, checkpoint='cd34'), 'checkpoint: "ab12" there, "cd34" now',
                 id='another value'),
    pytest.param(dict(FINGERPRINT, images=3), 'images: nothing there, 3 now', id='a new key'),
    pytest.param(dict(checkpoint='ab12', score_floor=0.1),
                 'score_floor: 0.05 there, 0.1 now; views: .* there, nothing now', id='two'),
])
def test_another_fingerprint_is_refused(changed, message, tmp_path):
    write_header(tmp_path, FINGERPRINT)
    with pytest.raises(ValueError, match=f'generation.json .*{message}.*another folder'):
        check_header(tmp_path, changed)


@pytest.mark.parametrize('header, message', [
    pytest.param(None, 'shards but no generation.json', id='none'),
    pytest.param('{', 'generation.json is no valid JSON', id='damaged'),
])
def test_shards_without_a_valid_header_are_refused(header, message, tmp_path):
    write_shard(tmp_path, {1: detections(1)})
    if header:
        (tmp_path / 'generation.json').write_text(header)
    with pytest.raises(ValueError, match=message):
        check_header(tmp_path, FINGERPRINT)
