"""The unlabeled images of a generation run."""

import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
from mmengine.logging import print_log
from torch.utils.data import Dataset

from mmssis.datasets import UnlabeledCocoDataset
from mmssis.datasets.checks.coco_validation import duplicates
from mmssis.datasets.image_errors import UnreadableImageError
from mmssis.datasets.image_folder import SUFFIXES, list_folder
from mmssis.datasets.transforms import LoadImageRobust

ImageInfo = Dict[str, Any]


def list_images(unlabeled: Union[str, Path], image_root: Optional[Union[str, Path]] = None
                ) -> List[ImageInfo]:
    """List the images of a folder or of a COCO file; annotations in it are not read.

    Args:
        unlabeled: folder of images, read as a training does (:func:`list_folder`), or COCO file.
        image_root: folder that file names are relative to. Default: the folder itself, or that
            of the COCO file.

    Returns:
        ``id``, ``file_name`` relative to ``image_root`` and ``path`` of each image, in the order
        of the ids. Those of a folder count from 0, in the order of the paths; empty and broken
        files count too, so that the ids of the others stay when they are restored.

    Raises:
        FileNotFoundError: if ``unlabeled`` or ``image_root`` is not there.
        ValueError: if there is no image, an id of the COCO file occurs twice, or an image lies
            outside of ``image_root``.
    """
    source = Path(unlabeled)
    if not source.exists():
        raise FileNotFoundError(f'--unlabeled {source}: there is no such folder or file')
    root = Path(image_root) if image_root else source if source.is_dir() else source.parent
    if not root.is_dir():
        raise FileNotFoundError(f'--image-root {root} is not a folder')
    if source.is_dir():
        infos = _files_of_folder(source)
    else:
        dataset = UnlabeledCocoDataset(ann_file=str(source), data_prefix=dict(img=str(root)))
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    images = [dict(id=info['img_id'], path=info['img_path'],
                   file_name=relative_name(info['img_path'], root)) for info in infos]
    for problem in duplicates((image['id'] for image in images), 'images'):
        raise ValueError(f'--unlabeled {source}: {problem} Predictions are kept by id, so all but '
                         'one image of an id would be lost: give each image an id of its own.')
    return images


def _files_of_folder(source: Path) -> List[dict]:
    """The images of a folder with those that cannot be read: who reads them says so.

    What a training may leave out must keep its place here. Without it the ids of all later images
    would be others once it is restored, and no prediction would be known again.
    """
    listing = list_folder(str(source))
    if not listing.paths:
        raise ValueError(f'No unlabeled image found in --unlabeled {source}: {listing}. Read are '
                         f'the endings {", ".join(SUFFIXES)}. Correct the path, or convert the '
                         'images.')
    if listing.left_out:
        print_log(f'Left out of {source}: {listing}.', logger='current')
    return [dict(img_id=i, img_path=path) for i, path in enumerate(listing.paths)]


def relative_name(path: str, root: Path) -> str:
    """File name below the root, with forward slashes on every system.

    Args:
        path: of the image.
        root: the folder.

    Raises:
        ValueError: if the image does not lie in the folder.
    """
    name = Path(os.path.relpath(path, root)).as_posix()
    if name.startswith('../'):
        raise ValueError(f'{path} does not lie in --image-root {root}: give the folder of the '
                         'images')
    return name


class ImageSource(Dataset):
    """Reads images for a loader with workers; an unreadable one is an answer, not a crash.

    Args:
        infos: from :func:`list_images`.
        load: how they are read.
    """

    def __init__(self, infos: Sequence[ImageInfo], load: LoadImageRobust) -> None:
        self.infos = list(infos)
        self.load = load

    def __len__(self) -> int:
        """Number of images."""
        return len(self.infos)

    def __getitem__(self, index: int) -> Tuple[ImageInfo, Union[np.ndarray, str]]:
        """An image with its id, name and size, or the reason why it cannot be read.

        Args:
            index: place in ``infos``.

        Returns:
            ``id``, ``file_name``, and the image, BGR uint8 (H, W, 3), with ``width`` and
            ``height``; or the message of the error.
        """
        info = self.infos[index]
        entry = dict(id=info['id'], file_name=info['file_name'])
        try:
            image = self.load(dict(img_path=info['path']))['img']
        except UnreadableImageError as error:
            return entry, str(error)
        return dict(entry, width=image.shape[1], height=image.shape[0]), image


def image_loader(pipeline: Sequence[dict]) -> LoadImageRobust:
    """How the images of a test pipeline are read.

    Args:
        pipeline: configs of the transforms.

    Returns:
        Its ``LoadImageRobust``; with default settings where it reads with another transform.
    """
    for step in pipeline:
        if step['type'] in ('LoadImageRobust', 'mmdet.LoadImageRobust', LoadImageRobust):
            return LoadImageRobust(**{name: step[name] for name in step if name != 'type'})
    return LoadImageRobust()
