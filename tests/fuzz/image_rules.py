"""Whether an entry of a folder is read as it is, refused or left out."""

from pathlib import Path

import cv2
import numpy as np

from mmssis.datasets import UnlabeledFolderDataset

from .harness import WrongResult
from .image_inputs import ImageInput

PIPELINE = [dict(type='LoadImageRobust')]


def read_folder(folder: Path, case: ImageInput) -> None:
    """Read a folder with one good image and the entry, as training does.

    Raises:
        WrongResult: if the entry is learned from and its pixels are not right.
    """
    cv2.setNumThreads(0)
    dataset = UnlabeledFolderDataset(str(folder), pipeline=PIPELINE)
    read = {}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        read[info['img_path']] = dataset.pipeline(info)['img'][..., ::-1]
    found = {path: image for path, image in read.items() if Path(path).name != 'good.png'}
    if len(found) != len(read) - 1 or len(found) > 1:
        raise WrongResult(f'{len(read)} images are learned from: {list(read)}')
    if not found:
        if case.is_whole:
            raise WrongResult('left out')
        return
    image, = found.values()
    if case.pixels is None:
        raise WrongResult(f'read as {image.shape}, mean {image.mean():.1f}')
    if image.shape != case.pixels.shape:
        raise WrongResult(f'read as {image.shape} for {case.pixels.shape}')
    difference = np.abs(image.astype(float) - case.pixels).mean()
    if not difference <= case.tolerance:
        raise WrongResult(f'{difference:.1f} levels off on average')
