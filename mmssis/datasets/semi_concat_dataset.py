"""Labeled and unlabeled images as one data set."""

from typing import Optional, Sequence, Union

import numpy as np
from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset, ConcatDataset
from mmengine.logging import print_log

from .box_labeled_coco_dataset import BoxLabeledCocoDataset
from .coco_validation import category_problems, explain_coco_error, load_coco_json
from .leaf_datasets import leaf_datasets
from .pipeline_geometry import check_branch_fields, check_no_empty_masks, check_pipeline_geometry
from .samplers import StreamIndex, seeded_rng

MAX_UNREADABLE = 100
ON_UNREADABLE = ('error', 'skip')


@DATASETS.register_module()
class SemiConcatDataset(ConcatDataset):
    """A labeled data set followed by an unlabeled one, or a labeled one alone.

    Images with boxes alone (:class:`BoxLabeledCocoDataset`) may be the first source, then the only
    one, or part of the second one, in a ``ConcatDataset`` with unlabeled images.

    The metainfo is that of the labeled set. An unlabeled set that names no classes takes it over;
    one that names others is refused. Each sample's augmentation is seeded by its position in the
    sampling stream (see :class:`StreamIndex`) and therefore does not depend on the number of
    workers or on resuming; a plain integer index is not seeded.

    Args:
        datasets (Sequence[BaseDataset or dict]): The labeled and the unlabeled data set; the
            first alone needs ``batch_sampler.source_ratio=[1, 0]``.
        same_geometry (bool): Whether the branches of a sample must share geometry, so that
            pseudo labels need no mapping between views. Defaults to True.
        on_unreadable (str): ``'error'`` stops at an image that cannot be read, naming it;
            ``'skip'`` warns and draws another one of the same source. Defaults to ``'error'``.

    Raises:
        ValueError: If class names differ, a source is empty, or a pipeline would misplace pseudo
            labels.
    """

    num_sources = (1, 2)

    def __init__(self,
                 datasets: Sequence[Union[BaseDataset, dict]],
                 same_geometry: bool = True,
                 on_unreadable: str = 'error') -> None:
        if len(datasets) not in self.num_sources:
            raise ValueError(f'{type(self).__name__}.datasets must be [labeled, unlabeled], got '
                             f'{len(datasets)} data sets.')
        if on_unreadable not in ON_UNREADABLE:
            raise ValueError(f'{type(self).__name__}.on_unreadable must be one of '
                             f'{ON_UNREADABLE}, got {on_unreadable!r}.')
        self.same_geometry = same_geometry
        self.on_unreadable = on_unreadable
        sources = [_build(dataset) for dataset in datasets]
        self._check_sources(*sources)
        # mmengine's constructor takes no wrapped data sets and compares all metainfo, palettes
        # included; what it sets is set here.
        self.datasets = sources
        self.ignore_keys: list[str] = []
        self._metainfo = sources[0].metainfo
        self._fully_initialized = False
        self.full_init()

    def _check_sources(self, *sources: BaseDataset) -> None:
        """Refuse other classes, and transforms that would misplace pseudo labels."""
        check_classes(*sources)
        _check_pipelines(sources, self.same_geometry)

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


def check_classes(labeled: BaseDataset, unlabeled: Optional[BaseDataset] = None) -> None:
    """Let the unlabeled set take over the class names, or refuse other ones.

    Args:
        labeled (BaseDataset): The labeled data set.
        unlabeled (BaseDataset, optional): The other one; its metainfo may be set.
            Defaults to None.

    Raises:
        ValueError: If the labeled set names no classes or the other one different ones.
    """
    if 'classes' not in labeled.metainfo:
        raise ValueError('The labeled data set names no classes. Set '
                         'metainfo=dict(classes=("...",)) in its config.')
    names = tuple(labeled.metainfo['classes'])
    for leaf in leaf_datasets(labeled):
        check_categories(leaf, names)
    if unlabeled is None:
        return
    for leaf in leaf_datasets(unlabeled):
        if 'classes' not in leaf.metainfo:
            leaf._metainfo = labeled.metainfo
        _check_same_classes(names, tuple(leaf.metainfo['classes']))
        if isinstance(leaf, BoxLabeledCocoDataset):
            check_categories(leaf, names)
    if 'classes' not in unlabeled.metainfo:
        unlabeled._metainfo = labeled.metainfo


def _check_same_classes(names: Sequence[str], other: Sequence[str]) -> None:
    """Refuse other class names, or another order of them."""
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


def _check_pipelines(sources: Sequence[BaseDataset], same_geometry: bool) -> None:
    """Refuse transforms with which labels or pseudo labels would not fit the student's view."""
    pipelines, leaves = [], []
    for name, dataset in zip(('labeled', 'unlabeled'), sources):
        for leaf in leaf_datasets(dataset):
            has_boxes = isinstance(leaf, BoxLabeledCocoDataset)
            leaves.append(leaf)
            pipelines.append(leaf.pipeline.transforms)
            check_pipeline_geometry(
                pipelines[-1],
                unlabeled=name == 'unlabeled' and not has_boxes,
                same_geometry=same_geometry,
                name=f'{"box-labeled" if has_boxes else name} pipeline',
                box_labeled=has_boxes)
    for other in pipelines[1:]:
        check_branch_fields(pipelines[0], other)
    if any(isinstance(leaf, BoxLabeledCocoDataset) for leaf in leaves):
        for pipeline in pipelines:
            check_no_empty_masks(pipeline)
