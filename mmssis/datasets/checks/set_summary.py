"""What a built data set holds, collected in one pass over its descriptions."""

import os
import stat
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Optional, Tuple

from mmengine.dataset import BaseDataset

from ..image_errors import file_problem
from ..leaf_datasets import leaf_datasets
from .network_size import NetworkSize


@dataclass
class SetSummary:
    """Images and instances of a data set, as a run gets them; no image is opened.

    Attributes:
        paths: image paths as the data set has them.
        files: the same with links resolved; of hard links the one met first.
        repeated: paths of files that came before under another path, or from another annotation
            file. Equal paths within an annotation file are found where that is judged.
        broken: paths that are no files with content.
        image_ids: ids of the images.
        labels: number of instances by label; regions to ignore do not count.
        per_image: number of instances of each image.
        sides: square root of the area of each box, in pixels of the network's input.
        unmasked: ids of images that need masks and have instances without.
    """

    paths: List[str] = field(default_factory=list)
    files: List[str] = field(default_factory=list)
    repeated: List[str] = field(default_factory=list)
    broken: List[str] = field(default_factory=list)
    image_ids: List[Any] = field(default_factory=list)
    labels: Counter = field(default_factory=Counter)
    per_image: array = field(default_factory=lambda: array('l'))
    sides: array = field(default_factory=lambda: array('f'))
    unmasked: List[Any] = field(default_factory=list)

    @property
    def num_instances(self) -> int:
        """Instances of all images."""
        return sum(self.per_image)

    @property
    def num_empty(self) -> int:
        """Images without an instance."""
        return sum(not number for number in self.per_image)

    def add(self, info: Dict[str, Any], size: Optional[NetworkSize]) -> None:
        """Count an image.

        Args:
            info: mmdet's description of it.
            size: size of the network's input; None keeps that of the image.
        """
        self.paths.append(info['img_path'])
        self.image_ids.append(info['img_id'])
        instances = [i for i in info['instances'] if not i.get('ignore_flag')]
        self.per_image.append(len(instances))
        if not instances:
            return
        factor = size.factor(info['width'], info['height']) if size else 1.0
        for instance in instances:
            self.labels[instance['bbox_label']] += 1
            left, top, right, bottom = instance['bbox']
            self.sides.append(factor * max((right - left) * (bottom - top), 0) ** 0.5)
        if not info.get('box_labeled') and not all(map(has_mask, instances)):
            self.unmasked.append(info['img_id'])


def summarize(dataset: object, size: Optional[NetworkSize] = None,
              links: Optional[Dict[Tuple[int, int], str]] = None) -> SetSummary:
    """Collect what a data set holds.

    Args:
        dataset: a data set or a wrapper of some.
        size: size of the network's input; None keeps that of the images.
        links: files with several names so far, by device and number; filled. Share it among sets
            to recognise hard links between them.

    Returns:
        The summary.
    """
    summary = SetSummary()
    links = {} if links is None else links
    folders: Dict[str, str] = {}
    origins: Dict[str, object] = {}
    for number, leaf in enumerate(leaf_datasets(dataset)):
        # Repeating a whole file is a way to draw it more often.
        origin = getattr(leaf, 'ann_file', '') or number
        own: Dict[str, str] = {}
        for info in data_infos(leaf):
            summary.add(info, size)
            path = info['img_path']
            if file_problem(path):
                summary.broken.append(path)
            file = _resolved(path, folders, links)
            if own.setdefault(file, path) != path or origins.setdefault(file, origin) != origin:
                summary.repeated.append(path)
            summary.files.append(file)
    return summary


def data_infos(dataset: object) -> Iterator[dict]:
    """Descriptions of all images of a data set, wrappers left out; no image is opened.

    Args:
        dataset: a data set or a wrapper of some.

    Yields:
        dict: mmdet's data information of each image.
    """
    for leaf in leaf_datasets(dataset):
        for index in range(len(leaf)):
            yield BaseDataset.get_data_info(leaf, index)


def has_mask(instance: dict) -> bool:
    """Whether an instance has an RLE mask or a polygon of at least 3 points.

    Args:
        instance: mmdet's description of it.
    """
    mask = instance.get('mask')
    if isinstance(mask, list):
        return any(isinstance(polygon, list) and len(polygon) >= 6 for polygon in mask)
    return bool(mask)


def _resolved(path: str, folders: Dict[str, str], links: Dict[Tuple[int, int], str]) -> str:
    """The one path of a file that may have several; a folder is resolved once."""
    folder, name = os.path.split(path)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    resolved = os.path.join(folders[folder], name)
    try:
        info = os.lstat(resolved)
        if stat.S_ISLNK(info.st_mode):
            resolved = os.path.realpath(resolved)
            info = os.stat(resolved)
    except OSError:
        return resolved
    if info.st_nlink < 2:
        return resolved
    return links.setdefault((info.st_dev, info.st_ino), resolved)
