"""Run a predictor over many images, one line on disk per image."""

from contextlib import nullcontext
from typing import Callable, List, Mapping, Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from mmssis.datasets.transforms import LoadImageRobust
from mmssis.utils.workers import guard_workers

from .detections import SoftDetections
from .image_source import ImageInfo, ImageSource
from .shards import ImageId, ShardWriter

Predictor = Callable[..., SoftDetections]
MAX_UNREADABLE = 100


def share_of_rank(infos: Sequence[ImageInfo], finished: Sequence[int], rank: int,
                  world_size: int) -> List[ImageInfo]:
    """Images that a rank still has to do: every world_size-th of those that nobody did.

    Args:
        infos: all images.
        finished: ids of those that are on disk.
        rank: of this process.
        world_size: number of processes; it may differ from that of an earlier start.
    """
    done = set(finished)
    return [info for info in infos if info['id'] not in done][rank::world_size]


def predict_images(infos: Sequence[ImageInfo], load: LoadImageRobust, predictor: Predictor,
                   writer: ShardWriter, workers: int = 2, amp_device: Optional[str] = None,
                   boxes: Optional[Mapping[ImageId, Tuple[Tensor, Tensor]]] = None) -> None:
    """Write what the predictor says of each image; images are read ahead by worker processes.

    An image that cannot be read is named and left out. It has no line on disk: a new start tries
    it again.

    Args:
        infos: the images, see :func:`~mmssis.offline.image_source.list_images`.
        load: how they are read, see :func:`~mmssis.offline.image_source.image_loader`.
        predictor: from :func:`~mmssis.offline.predictor.build_predictor`.
        writer: of this process.
        workers: processes that read images; 0 reads in this one.
        amp_device: run the network in half precision on this type of device, 'cuda' or 'cpu'
            (bfloat16); None runs it in float32.
        boxes: true boxes and labels of each image, which a
            :class:`~mmssis.offline.box_masks.BoxMaskPredictor` gets with it.

    Raises:
        OSError: if 100 images in a row cannot be read, or the disk is full.
    """
    loader = DataLoader(ImageSource(infos, load), batch_size=None, num_workers=workers,
                        collate_fn=lambda sample: sample)
    guard_workers(loader)
    in_a_row = 0
    for entry, image in tqdm(loader, unit='image', dynamic_ncols=True, smoothing=0.05):
        if isinstance(image, str):
            in_a_row = _count_unreadable(in_a_row, image)
            continue
        in_a_row = 0
        with torch.autocast(amp_device) if amp_device else nullcontext():
            detections = predictor(image, *([boxes[entry['id']]] if boxes else []))
        writer.write(entry, detections)


def _count_unreadable(in_a_row: int, reason: str) -> int:
    """Name an image that cannot be read; stop if it is one of many."""
    tqdm.write(reason)
    if in_a_row + 1 == MAX_UNREADABLE:
        raise OSError(f'{MAX_UNREADABLE} images in a row could not be read, the last one: {reason} '
                      'Is the folder of the images right and mounted?')
    return in_a_row + 1
