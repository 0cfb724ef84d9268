"""Shards lose at most one image per kill, whoever goes on, and read the same whoever wrote."""

import errno
import gc
import json
import os
import resource
import signal
import weakref

import pytest
from toy_offline import SIZE, detections, image, write_shard

from mmssis.offline.detections import SoftDetections
from mmssis.offline.fingerprint import check_header, read_header, write_header
from mmssis.offline.record import Record
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
    write_shard(tmp_path, {7: wanted})
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


def test_other_keys_of_an_image_are_left_out(tmp_path):
    with ShardWriter(tmp_path, 0) as writer:
        writer.write(dict(image(1), license=3, path='/somewhere'), detections(1))
    assert next(read_records(tmp_path)).image == image(1)


@pytest.mark.parametrize('ids, expected', [
    pytest.param([10, 9, 100], [9, 10, 100], id='numbers'),
    pytest.param(['b', 'a10', 'a9'], ['a10', 'a9', 'b'], id='texts'),
    pytest.param(['a', 2, 1], [1, 2, 'a'], id='both'),
])
def test_order_of_ids(ids, expected, tmp_path):
    write_shard(tmp_path, {image_id: detections(0) for image_id in ids})
    assert ids_of(tmp_path) == expected


@pytest.mark.parametrize('ranks', [1, 2, 3, 20])
def test_the_number_of_ranks_does_not_matter(ranks, tmp_path):
    found = {i: detections(i) for i in range(10)}
    write_shard(tmp_path / 'one', found)
    for rank in range(ranks):
        write_shard(tmp_path / 'many', {i: found[i] for i in list(found)[rank::ranks]}, rank)
    assert contents(tmp_path / 'many') == contents(tmp_path / 'one')


def test_an_image_of_two_shards_counts_once(tmp_path):
    write_shard(tmp_path, {1: detections(1), 2: detections(2)}, rank=1)
    write_shard(tmp_path, {2: detections(2), 3: detections(3)}, rank=0)
    write_shard(tmp_path, {3: detections(3)}, rank=0)
    assert ids_of(tmp_path) == [1, 2, 3]


LAST = len(json.dumps(image(2)))  # The last line is longer than this.


@pytest.mark.parametrize('cut', [
    pytest.param(lambda data: data[:-1], id='all but the line break'),
    pytest.param(lambda data: data[:-LAST], id='in the middle'),
    pytest.param(lambda data: data[:data.rindex(b'\n', 0, -1) + 2], id='one byte'),
    pytest.param(lambda data: data[:-LAST] + bytes(100), id='zeros after a power cut'),
    pytest.param(lambda data: data[:data.rindex(b'\n', 0, -1) + 1] + b'x' * 2**21, id='long'),
])
@pytest.mark.parametrize('rank', [0, 1], ids=['same rank goes on', 'another rank goes on'])
def test_a_torn_last_line_is_dropped_and_done_again(cut, rank, tmp_path):
    found = {i: detections(i) for i in (0, 1, 2)}
    write_shard(tmp_path / 'whole', found)
    path = shard(write_shard(tmp_path / 'torn', found))
    path.write_bytes(cut(path.read_bytes()))
    assert finished_ids(tmp_path / 'torn') == {0, 1} and ids_of(tmp_path / 'torn') == [0, 1]
    write_shard(tmp_path / 'torn', {2: found[2]}, rank)
    assert contents(tmp_path / 'torn') == contents(tmp_path / 'whole')
    if rank == 0:
        assert path.read_bytes() == shard(tmp_path / 'whole').read_bytes()


def test_a_shard_whose_only_line_is_torn(tmp_path):
    shard(tmp_path).write_bytes(b'{"image": {"id": 1')
    assert finished_ids(tmp_path) == set()
    assert ids_of(write_shard(tmp_path, {1: detections(1)})) == [1]


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


def test_sigkill_in_the_middle_of_a_line(tmp_path, monkeypatch):
    write = os.write

    def half_a_line(file, data):
        write(file, data[:len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    process = os.fork()
    if process == 0:
        try:
            writer = ShardWriter(tmp_path, 0)
            writer.write(image(1), detections(1))
            monkeypatch.setattr(os, 'write', half_a_line)
            writer.write(image(2), detections(2))
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(process, 0)[1]) == signal.SIGKILL
    assert finished_ids(tmp_path) == {1} and not shard(tmp_path).read_bytes().endswith(b'\n')
    assert ids_of(write_shard(tmp_path, {2: detections(2)})) == [1, 2]


def full_disk(monkeypatch, name):
    """The disk takes half of what is written, then nothing; or it fails to sync."""
    write = os.write

    def half(file, data):
        if len(data) < 20:
            raise OSError(errno.ENOSPC, 'No space left on device')
        return write(file, data[:len(data) // 2])

    def fail(file):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, name, dict(write=half, fsync=fail)[name])


@pytest.mark.parametrize('name', ['write', 'fsync'])
def test_full_disk_names_the_file_and_keeps_what_was_written(name, tmp_path):
    with ShardWriter(tmp_path, 4) as writer:
        writer.write(image(1), detections(1))
        before = writer.path.read_bytes()
        with pytest.MonkeyPatch.context() as patch:
            full_disk(patch, name)
            with pytest.raises(OSError, match='image 2 .*kept; make room.*shard-00004') as caught:
                writer.write(image(2), detections(2))
        assert caught.value.errno == errno.ENOSPC and writer.path.read_bytes() == before
        writer.write(image(2), detections(2))
    assert ids_of(tmp_path) == [1, 2]


def test_a_file_that_the_system_stops_in_the_middle_of_a_line(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with ShardWriter(tmp_path, 0) as writer:
        writer.write(image(1), detections(1))
        size = writer.path.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, limits[1]))
        try:
            with pytest.raises(OSError, match='shard-00000'):
                writer.write(image(2), detections(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert shard(tmp_path).stat().st_size == size and ids_of(tmp_path) == [1]


def test_two_runs_at_once_are_refused(tmp_path):
    with ShardWriter(tmp_path, 0) as writer:
        with pytest.raises(RuntimeError, match='shard-00000.jsonl is being written by another'):
            ShardWriter(tmp_path, 0)
        writer.write(image(1), detections(1))
    writer.close()
    assert ids_of(write_shard(tmp_path, {2: detections(2)})) == [1, 2]


@pytest.mark.parametrize('field', ['boxes', 'scores', 'mask_probs'])
@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_numbers_that_are_none_are_refused(field, value, tmp_path):
    found = detections(6)
    getattr(found, field)[0] = value
    with ShardWriter(tmp_path, 0) as writer:
        with pytest.raises(ValueError, match=rf'image 6 \(6.png\): {field} are not finite'):
            writer.write(image(6), found)
    assert ids_of(tmp_path) == []


@pytest.mark.parametrize('damaged', [
    pytest.param(b'{"image": {"id": \n', id='torn line break'),
    pytest.param(b'\xff\xfe\n', id='no text'),
    pytest.param(b'{"image": 3}\n', id='other content'),
    pytest.param(b'{"image": {"id": 4}, "boxes": [[\n', id='torn behind the image'),
    pytest.param(b'{"image": {"id": 4}}\n', id='no detections'),
])
def test_damage_before_the_last_line_is_named(damaged, tmp_path):
    path = shard(write_shard(tmp_path, {1: detections(1)}))
    offset = path.stat().st_size
    path.write_bytes(path.read_bytes() + damaged + path.read_bytes())
    with pytest.raises(ValueError, match=f'shard-00000.jsonl: the line at byte {offset} is'):
        list(read_records(tmp_path))


def test_damaged_masks_name_the_image(tmp_path):
    record, = read_records(write_shard(tmp_path, {2: detections(2)}))
    torn = Record(record.image, record.boxes, record.scores, record.labels, record.mask_size + 1,
                  record.packed_masks)
    with pytest.raises(ValueError, match='image 2: 98 mask probabilities'):
        torn.detections()


def test_one_record_is_in_memory_at_a_time(tmp_path):
    write_shard(tmp_path, {i: detections(i) for i in range(20)})
    seen = weakref.WeakSet()
    for record in read_records(tmp_path):
        seen.add(record)
        gc.collect()
        # The one before lives until the loop's variable is set.
        assert len(seen) <= 2


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


def test_shards_without_a_header_are_refused(tmp_path):
    write_shard(tmp_path, {1: detections(1)})
    with pytest.raises(ValueError, match='shards but no generation.json'):
        check_header(tmp_path, FINGERPRINT)


def test_a_damaged_header_is_named(tmp_path):
    (tmp_path / 'generation.json').write_text('{')
    with pytest.raises(ValueError, match='generation.json is no valid JSON'):
        check_header(tmp_path, FINGERPRINT)
