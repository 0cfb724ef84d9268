"""Read and write videos."""

from pathlib import Path
from types import TracebackType
from typing import Optional, Type

import cv2
import mmcv
import numpy as np

from mmssis.datasets.image_errors import UnreadableImageError


def open_video(path: Path) -> mmcv.VideoReader:
    """Open a video.

    Args:
        path: the file.

    Returns:
        An iterable over its frames, BGR uint8 (H, W, 3), with ``fps`` and ``len()``, the number of
        frames that its header gives.

    Raises:
        UnreadableImageError: if it cannot be read.
    """
    video = mmcv.VideoReader(str(path), cache_capacity=1) if path.is_file() else None
    if video is None or not video.opened or video.fps <= 0 or video.read() is None:
        raise UnreadableImageError(f'{path} cannot be read as a video: restore it, or convert it')
    return mmcv.VideoReader(str(path), cache_capacity=1)


class VideoFile:
    """Writes a video; its size is that of the first frame. A context manager.

    Args:
        path: the file, ``.mp4``; its folder is made.
        fps: frames per second.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self._path, self._fps = path, fps
        self._writer: Optional[cv2.VideoWriter] = None

    def write(self, frame: np.ndarray) -> None:
        """Add a frame.

        Args:
            frame: BGR uint8 (H, W, 3).

        Raises:
            OSError: if the file cannot be written.
        """
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter_fourcc(*'mp4v'),
                                           self._fps, frame.shape[1::-1])
            if not self._writer.isOpened():
                raise OSError(f'{self._path} could not be written: is the folder writable, and '
                              'was OpenCV built with FFmpeg?')
        self._writer.write(frame)

    def __enter__(self) -> 'VideoFile':
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        if self._writer is not None:
            self._writer.release()
