"""All images of a training run as one data set."""

from typing import Optional, Union

import numpy as np
from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset, ConcatDataset
from mmengine.logging import print_log

from .checks.coco_validation import explain_coco_error
from .checks.sources import check_sources
from .samplers import StreamIndex, seeded_rng
from .sources import COMBINATIONS

MAX_UNREADABLE = 100
ON_UNREADABLE = ('error', 'skip')


@DATASETS.register_module()
class SemiDataset(ConcatDataset):
    """The sources of a training run, one after the other.

    Labeled images alone or with unlabeled ones, images with boxes alone in place of or beside
    them, or labeled and pseudo-labeled images for a plain detector. ``None`` leaves a source out.

    The class names are those of the first source. A source that names none takes them over; one
    that names others is refused. The augmentation of a sample is seeded by its place in the
    sampling stream (see :class:`StreamIndex`), so it depends neither on the number of workers nor
    on resuming. A plain integer index is not seeded.

    Args:
        labeled (BaseDataset or dict, optional): Images with masks. Defaults to None.
        boxes (BaseDataset or dict, optional): Images with boxes and without masks. Defaults to
            None.
        unlabeled (BaseDataset or dict, optional): Images without labels. Defaults to None.
        pseudo (BaseDataset or dict, optional): Images with pseudo labels from a file. Then every
            sample has one view. Defaults to None.
        same_geometry (bool): Whether the views of an image must share geometry, so that pseudo
            labels need no mapping between views. Defaults to True.
        on_unreadable (str): ``'error'`` stops at an image that cannot be read and names it.
            ``'skip'`` warns and draws another one of the same source. Defaults to ``'error'``.

    Attributes:
        sources (dict[str, BaseDataset]): The given sources by name, in the order of the arguments.

    Raises:
        ValueError: If no method reads this combination of sources, class names differ, a source
            lacks its labels, or a pipeline would misplace pseudo labels.
    """

    def __init__(self,
                 labeled: Optional[Union[BaseDataset, dict]] = None,
                 boxes: Optional[Union[BaseDataset, dict]] = None,
                 unlabeled: Optional[Union[BaseDataset, dict]] = None,
                 pseudo: Optional[Union[BaseDataset, dict]] = None,
                 same_geometry: bool = True,
                 on_unreadable: str = 'error') -> None:
        given = dict(labeled=labeled, boxes=boxes, unlabeled=unlabeled, pseudo=pseudo)
        given = {name: source for name, source in given.items() if source is not None}
        if tuple(given) not in COMBINATIONS:
            raise ValueError(f'train_dataloader.dataset has the sources {list(given)}, from which '
                             f'no method learns: give {_listed(COMBINATIONS)}.')
        if on_unreadable not in ON_UNREADABLE:
            raise ValueError(f'train_dataloader.dataset.on_unreadable = {on_unreadable!r}: give '
                             f'one of {ON_UNREADABLE}.')
        self.same_geometry = same_geometry
        self.on_unreadable = on_unreadable
        self.sources = {name: _build(name, source) for name, source in given.items()}
        check_sources(self.sources, same_geometry)
        # mmengine's constructor takes no wrapped data sets and compares all metainfo, palettes
        # included; what it sets is set here.
        self.datasets = list(self.sources.values())
        self.ignore_keys: list[str] = []
        self._metainfo = self.datasets[0].metainfo
        self._fully_initialized = False
        self.full_init()

    def __getitem__(self, idx: int) -> dict:
        """Load and transform one sample.

        Args:
            idx (int): Index; a :class:`StreamIndex` seeds the augmentation.

        Returns:
            dict: The sample after its pipeline.
        """
        if not isinstance(idx, StreamIndex):
            return self._load(int(idx))
        with seeded_rng(idx.sample_seed()):
            return self._load(int(idx))

    def _load(self, idx: int) -> dict:
        """Load a sample, or another one of its source in place of unreadable ones."""
        source, inner = self._get_ori_dataset_idx(idx)
        dataset = self.datasets[source]
        last_error: Optional[OSError] = None
        for _ in range(MAX_UNREADABLE):
            try:
                return dataset[inner]
            except OSError as error:
                if self.on_unreadable == 'error':
                    raise
                print_log(f'Skipped an image: {error}', logger='current', level=30)
                last_error = error
                inner = np.random.randint(len(dataset))
        raise OSError(f'{MAX_UNREADABLE} images in a row of train_dataloader.dataset.'
                      f'{list(self.sources)[source]} could not be read: is the path right and '
                      'mounted?') from last_error


def _listed(combinations: tuple) -> str:
    """Combinations of sources, for a message."""
    return ', or '.join(' and '.join(combination) for combination in combinations)


def _build(name: str, source: Union[BaseDataset, dict]) -> BaseDataset:
    """Build a source; explain the failures that mmdet reports without their cause."""
    if not isinstance(source, dict):
        return source
    try:
        return DATASETS.build(source)
    except (KeyError, ValueError, TypeError, AssertionError, RecursionError) as error:
        explanation = explain_coco_error(source)
        if explanation is None:
            raise
        raise ValueError(f'train_dataloader.dataset.{name}: {explanation}') from error
