"""Predict, draw and write: images one by one or in batches, videos frame by frame."""

from itertools import islice
from pathlib import Path
from typing import Callable, Iterable, Iterator, List, Sequence, Tuple, TypeVar

import cv2
import numpy as np
from mmengine.structures import InstanceData
from torch.utils.data import DataLoader
from tqdm import tqdm

from mmssis.datasets.image_errors import UnreadableImageError
from mmssis.offline.image_source import ImageSource
from mmssis.utils.workers import guard_workers

from .detector import Detector
from .results import Results
from .sources import Source
from .video import VideoFile, open_video

Item = TypeVar('Item')


class Job:
    """Fills a folder with pictures and videos.

    Args:
        detector: sees.
        draw: image and instances to picture.
        out_dir: the folder.
        batch_size: images at once.
        workers: processes that read images; 0 reads in this one.

    Attributes:
        results: what was found.
        unreadable: files that could not be read.
    """

    def __init__(self, detector: Detector, draw: Callable[[np.ndarray, InstanceData], np.ndarray],
                 out_dir: Path, batch_size: int, workers: int) -> None:
        self.results = Results(detector.classes)
        self.unreadable: List[str] = []
        self._detector, self._draw, self._out_dir = detector, draw, out_dir
        self._batch_size, self._workers = batch_size, workers

    def run(self, sources: Sequence[Source]) -> None:
        """Do all images, then the videos.

        Args:
            sources: from :func:`~mmssis.prediction.list_sources`.
        """
        images = [source for source in sources if not source.is_video]
        if images:
            self._do_images(images)
        for source in sources:
            if source.is_video:
                try:
                    self._do_video(source)
                except UnreadableImageError as error:
                    self._leave_out(str(source.path), str(error))

    def _do_images(self, sources: Sequence[Source]) -> None:
        """A picture of each image."""
        for batch in _batches(self._read(sources), self._batch_size):
            found = self._detector([image for _, image in batch])
            for (source, image), instances in zip(batch, found):
                height, width = image.shape[:2]
                self.results.add(source.name.as_posix(), width, height, instances)
                _write(self._out_dir / source.picture, self._draw(image, instances))

    def _read(self, sources: Sequence[Source]) -> Iterator[Tuple[Source, np.ndarray]]:
        """The images that can be read."""
        infos = [dict(id=i, file_name=source.name.as_posix(), path=str(source.path))
                 for i, source in enumerate(sources)]
        loader = DataLoader(ImageSource(infos, self._detector.load), batch_size=None,
                            num_workers=self._workers, collate_fn=lambda sample: sample)
        guard_workers(loader)
        for entry, image in tqdm(loader, unit='image', dynamic_ncols=True):
            source = sources[entry['id']]
            if isinstance(image, str):
                self._leave_out(str(source.path), image)
            else:
                yield source, image

    def _do_video(self, source: Source) -> None:
        """A video with the masks of each frame."""
        video = open_video(source.path)
        frames = tqdm(video, total=len(video), unit='frame', desc=source.name.name,
                      dynamic_ncols=True)
        stem, index = source.name.with_suffix(''), 0
        with VideoFile(self._out_dir / source.picture, video.fps) as file:
            for batch in _batches(frames, self._batch_size):
                for image, instances in zip(batch, self._detector(batch)):
                    height, width = image.shape[:2]
                    self.results.add(f'{stem.as_posix()}/frame_{index:06d}.jpg', width, height,
                                     instances, video=source.name.as_posix(), frame=index)
                    file.write(self._draw(image, instances))
                    index += 1

    def _leave_out(self, path: str, reason: str) -> None:
        """Remember a file that cannot be read."""
        tqdm.write(reason)
        self.unreadable.append(path)


def _batches(items: Iterable[Item], size: int) -> Iterator[List[Item]]:
    """Lists of at most ``size`` items, in order."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _write(path: Path, picture: np.ndarray) -> None:
    """Write a picture in the format of its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # cv2.imwrite says only that it failed.
    path.write_bytes(cv2.imencode(path.suffix, picture)[1].tobytes())
