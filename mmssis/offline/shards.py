"""Detections on disk: each process appends to a shard of its own, one JSON line per image.

A line is whole once it ends; a process killed while it writes leaves a torn last line, which is
dropped by who reads and cut off by who goes on writing. So a kill loses at most one image per
process, and any number of processes may go on. Each line has a checksum: what a disk or a hand
changed in it is refused.
"""

import json
import os
import zlib
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Iterator, Optional, Union

from mmssis.utils.file_lock import lock_file

from .detections import SoftDetections
from .record import Record
from .soft_masks import encode_mask_probs

ImageId = Union[int, str]
Folder = Union[str, Path]
IMAGE_FIELDS = ('id', 'file_name', 'height', 'width')
BOX_DIGITS, SCORE_DIGITS = 3, 6
"""Decimals of boxes and scores: far below what a threshold can tell, so that noise in the last
bits does not change the files."""

_LINE_START = '{"image": '
_CHECKSUM = b', "crc32": '
_BLOCK = 2**20


class ShardWriter:
    """Append the images of one process to its shard; a context manager.

    Goes on where an earlier process of the same rank stopped, after its last whole line.

    Args:
        folder: folder of the shards; it is made.
        rank: number of the process, >= 0.

    Raises:
        RuntimeError: if another process is writing this shard.
        OSError: if the file cannot be opened.
    """

    def __init__(self, folder: Folder, rank: int) -> None:
        self.path = Path(folder) / f'shard-{rank:05d}.jsonl'
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._lock()
            self._end = _end_of_last_line(self._file)
            self._drop_torn_line()
        except BaseException:
            os.close(self._file)
            raise

    def write(self, image: dict, detections: SoftDetections) -> None:
        """Append one image; on return it is on the disk.

        Args:
            image: ``id``, ``file_name``, ``height`` and ``width``; other keys are left out.
            detections: what was found in it, on any device; may be empty.

        Raises:
            ValueError: if a number is NaN or infinite.
            OSError: if the disk is full; the images before are kept.
        """
        line = _to_line(image, detections)
        try:
            _write_all(self._file, line)
            os.fsync(self._file)
        except OSError as error:
            with suppress(OSError):
                self._drop_torn_line()
            raise OSError(
                error.errno, f'{error.strerror}: image {image["id"]} could not be written. All '
                'images before it are kept; make room and run the same command again to go on',
                str(self.path)) from error
        self._end += len(line)

    def close(self) -> None:
        """Close the file; further calls do nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _lock(self) -> None:
        """Keep a second run out, which would cut off the line that this one is writing."""
        try:
            lock_file(self._file)
        except BlockingIOError as error:
            raise RuntimeError(f'{self.path} is being written by another process. Stop it, or '
                               'wait for it, before you start a second run.') from error

    def _drop_torn_line(self) -> None:
        """Cut off what stands after the last whole line."""
        os.ftruncate(self._file, self._end)
        os.lseek(self._file, self._end, os.SEEK_SET)

    def __enter__(self) -> 'ShardWriter':
        return self

    def __exit__(self, kind: Optional[type], error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()


def read_records(folder: Folder) -> Iterator[Record]:
    """Iterate over all images of all shards.

    Beside the position of each image, one record is in memory at a time.

    Args:
        folder: folder of the shards.

    Yields:
        Records in the order of the image ids (numbers before texts), each image once.

    Raises:
        ValueError: if a line other than the last of a shard is not as it was written.
    """
    positions = _positions(folder)
    with ExitStack() as stack:
        files = {path: stack.enter_context(open(path, 'rb')) for path in shards_of(folder)}
        for image_id in sorted(positions, key=lambda key: (isinstance(key, str), key)):
            path, offset = positions[image_id]
            files[path].seek(offset)
            yield Record.from_json(json.loads(files[path].readline()))


def finished_ids(folder: Folder) -> set[ImageId]:
    """Ids of the images that are in the shards of a folder, whichever process wrote them.

    Raises:
        ValueError: if a line other than the last of a shard is not as it was written.
    """
    return set(_positions(folder))


def shards_of(folder: Folder) -> list[Path]:
    """The shards of a folder, in the order of their processes."""
    return sorted(Path(folder).glob('shard-*.jsonl'))


def _positions(folder: Folder) -> dict[ImageId, tuple[Path, int]]:
    """Shard and offset of each image; of one that occurs twice, the first."""
    positions: dict[ImageId, tuple[Path, int]] = {}
    for path in shards_of(folder):
        offset = 0
        with open(path, 'rb') as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b'\n'):
                    if not _is_as_written(line):
                        raise ValueError(
                            f'{path}: line {number} (at byte {offset}) is damaged or was changed. '
                            'Delete the line; its image is done again when you run the same '
                            'command.')
                    positions.setdefault(_image_id(line), (path, offset))
                offset += len(line)
    return positions


def _is_as_written(line: bytes) -> bool:
    """Whether a line has the checksum of its content."""
    content, _, checksum = line.rpartition(_CHECKSUM)
    return checksum == b'%d}\n' % zlib.crc32(content)


def _image_id(line: bytes) -> ImageId:
    """The image's id, without a look at the detections."""
    return json.JSONDecoder().raw_decode(line.decode(), len(_LINE_START))[0]['id']


def _to_line(image: dict, detections: SoftDetections) -> bytes:
    """The line of one image, the same on every machine that found the same."""
    for name in ('boxes', 'scores', 'mask_probs'):
        if not bool(getattr(detections, name).isfinite().all()):
            raise ValueError(f'image {image["id"]} ({image["file_name"]}): {name} are not finite. '
                             'Has the training of the checkpoint diverged?')
    content = dict(
        image={name: image[name] for name in IMAGE_FIELDS},
        boxes=[[round(x, BOX_DIGITS) for x in box] for box in detections.boxes.tolist()],
        scores=[round(score, SCORE_DIGITS) for score in detections.scores.tolist()],
        labels=detections.labels.tolist(),
        mask_size=detections.mask_probs.shape[-1],
        mask_probs=encode_mask_probs(detections.mask_probs))
    line = json.dumps(content).encode()[:-1]
    return line + _CHECKSUM + b'%d}\n' % zlib.crc32(line)


def _write_all(file: int, data: bytes) -> None:
    """Write all bytes; a nearly full disk takes some of them first."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest):]


def _end_of_last_line(file: int) -> int:
    """Offset behind the last line break of a file, 0 if there is none."""
    end = os.lseek(file, 0, os.SEEK_END)
    while end > 0:
        start = max(end - _BLOCK, 0)
        found = os.pread(file, end - start, start).rfind(b'\n')
        if found >= 0:
            return start + found + 1
        end = start
    return 0
