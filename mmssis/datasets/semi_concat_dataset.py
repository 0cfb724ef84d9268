"""Labeled and unlabeled images as one data set."""

from typing import Optional, Sequence, Union

import numpy as np
from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset, ConcatDataset
from mmengine.logging import print_log

from .coco_validation import category_problems, explain_coco_error, load_coco_json
from .leaf_datasets import leaf_datasets
from .pipeline_geometry import check_branch_fields, check_pipeline_geometry
from .samplers import StreamIndex, seeded_rng

MAX_UNREADABLE = 100
ON_UNREADABLE = ('error', 'skip')


@DATASETS.register_module()
class SemiConcatDataset(ConcatDataset):
    """A labeled data set followed by an unlabeled one.

    The metainfo is that of the labeled set. An unlabeled set that names no classes takes it over;
    one that names others is refused. Each sample's augmentation is seeded by its position in the
    sampling stream (see :class:`StreamIndex`) and therefore does not depend on the number of
    workers or on resuming; a plain integer index is not seeded.

    Args:
        datasets (Sequence[BaseDataset or dict]): The labeled and the unlabeled data set.
        same_geometry (bool): Whether the branches of a sample must share geometry, so that
            pseudo labels need no mapping between views. Defaults to True.
        on_unreadable (str): ``'error'`` stops at an image that cannot be read, naming it;
            ``'skip'`` warns and draws another one of the same source. Defaults to ``'error'``.

    Raises:
        ValueError: If class names differ, a source is empty, or a pipeline would misplace pseudo
            labels.
    """

    def __init__(self,
                 datasets: Sequence[Union[BaseDataset, dict]],
                 same_geometry: bool = True,
                 on_unreadable: str = 'error') -> None:
        if len(datasets) != 2:
            raise ValueError(f'{type(self).__name__}.datasets must be [labeled, unlabeled], got '
                             f'{len(datasets)} data sets.')
        if on_unreadable not in ON_UNREADABLE:
            raise ValueError(f'{type(self).__name__}.on_unreadable must be one of '
                             f'{ON_UNREADABLE}, got {on_unreadable!r}.')
        self.same_geometry = same_geometry
        self.on_unreadable = on_unreadable
        labeled, unlabeled = (_build(dataset) for dataset in datasets)
        self._check_sources(labeled, unlabeled)
        # mmengine's constructor takes no wrapped data sets and compares all metainfo, palettes
        # included; what it sets is set here.
        self.datasets = [labeled, unlabeled]
        self.ignore_keys: list[str] = []
        self._metainfo = labeled.metainfo
        self._fully_initialized = False
        self.full_init()

    def _check_sources(self, labeled: BaseDataset, unlabeled: BaseDataset) -> None:
        """Refuse other classes, and transforms that would misplace pseudo labels."""
        check_classes(labeled, unlabeled)
        _check_pipelines(labeled, unlabeled, self.same_geometry)

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
        raise OSError(f'{MAX_UNREADABLE} images in a row could not be read; is the path of '
                      f'{type(dataset).__name__} right and mounted?') from last_error


def _build(dataset: Union[BaseDataset, dict]) -> BaseDataset:
    """Build a data set; explain the failures that mmdet reports without their cause."""
    if not isinstance(dataset, dict):
        return dataset
    try:
        return DATASETS.build(dataset)
    except (KeyError, ValueError, TypeError, AssertionError) as error:
        explanation = explain_coco_error(dataset)
        if explanation is None:
            raise
        raise ValueError(explanation) from error


def check_classes(labeled: BaseDataset, unlabeled: BaseDataset) -> None:
    """Let the unlabeled set take over the class names, or refuse other ones.

    Args:
        labeled (BaseDataset): The labeled data set.
        unlabeled (BaseDataset): The other one; its metainfo may be set.

    Raises:
        ValueError: If the labeled set names no classes or the other one different ones.
    """
    if 'classes' not in labeled.metainfo:
        raise ValueError('The labeled data set names no classes. Set '
                         'metainfo=dict(classes=("...",)) in its config.')
    names = tuple(labeled.metainfo['classes'])
    for leaf in leaf_datasets(labeled):
        check_categories(leaf, names)
    if 'classes' not in unlabeled.metainfo:
        unlabeled._metainfo = labeled.metainfo
        return
    other = tuple(unlabeled.metainfo['classes'])
    if names != other:
        raise ValueError(
            'Labeled and unlabeled data set name different classes.\n'
            f'  labeled ({len(names)}): {names}\n  unlabeled ({len(other)}): {other}\n'
            'Give both the same metainfo=dict(classes=...), in the same order, or none to the '
            'unlabeled one.')


def check_categories(dataset: BaseDataset, names: Sequence[str]) -> None:
    """Refuse a COCO file whose categories mmdet would number in another order.

    Args:
        dataset (BaseDataset): A data set without wrappers; those of other formats pass.
        names (Sequence[str]): Class names of the config, in order.

    Raises:
        ValueError: If the file lacks a class or has another order.
    """
    if isinstance(dataset, CocoDataset):
        problems = category_problems(load_coco_json(dataset.ann_file), names)
        if problems:
            raise ValueError(f'{dataset.ann_file}: {problems[0]}')


def _check_pipelines(labeled: BaseDataset, unlabeled: BaseDataset, same_geometry: bool) -> None:
    """Refuse transforms with which pseudo labels would not fit the student's view."""
    pipelines = []
    for name, dataset in (('labeled', labeled), ('unlabeled', unlabeled)):
        for leaf in leaf_datasets(dataset):
            pipelines.append(leaf.pipeline.transforms)
            check_pipeline_geometry(
                pipelines[-1],
                unlabeled=name == 'unlabeled',
                same_geometry=same_geometry,
                name=f'{name} pipeline')
    for other in pipelines[1:]:
        check_branch_fields(pipelines[0], other)
