"""Whether each source of a training set holds what its name says."""

from typing import Dict, Sequence

from mmdet.datasets import CocoDataset
from mmengine.dataset import BaseDataset

from mmssis.utils.class_order import class_order_problem
from mmssis.utils.coco_file import scan_coco

from ..box_labeled_coco_dataset import BoxLabeledCocoDataset
from ..leaf_datasets import leaf_datasets
from ..unlabeled_coco_dataset import UnlabeledCocoDataset
from ..unlabeled_folder_dataset import UnlabeledFolderDataset
from .coco_validation import category_problems
from .pipeline_geometry import (check_branch_fields, check_no_empty_masks, check_pipeline_geometry,
                                iterate_steps)

PLACE = 'train_dataloader.dataset'


def check_sources(sources: Dict[str, BaseDataset], same_geometry: bool) -> None:
    """Refuse sources whose labels, classes or views do not fit their names or each other.

    A source that names no classes takes over those of the first one.

    Args:
        sources (dict[str, BaseDataset]): Data sets by source; their metainfo may be set.
        same_geometry (bool): Whether the views of an image must share geometry.

    Raises:
        ValueError: At the first one that does not fit, with the key of the source.
    """
    for name, source in sources.items():
        for leaf in leaf_datasets(source):
            _check_kind(name, leaf)
    _check_classes(sources)
    if 'pseudo' in sources:
        for name, source in sources.items():
            for leaf in leaf_datasets(source):
                _check_single_view(name, leaf)
    else:
        _check_views(sources, same_geometry)


def _check_kind(name: str, leaf: BaseDataset) -> None:
    """Refuse a data set without the labels of its source, or with other ones."""
    kind = type(leaf).__name__
    has_boxes = isinstance(leaf, BoxLabeledCocoDataset)
    if has_boxes and name != 'boxes':
        raise ValueError(f'{PLACE}.{name} is a {kind}, whose images have boxes alone: give it as '
                         f'{PLACE}.boxes.')
    if name == 'boxes' and not has_boxes:
        raise ValueError(f'{PLACE}.boxes is a {kind}: use type="BoxLabeledCocoDataset", which '
                         'reads boxes and leaves masks out.')
    if name != 'unlabeled' and isinstance(leaf, (UnlabeledCocoDataset, UnlabeledFolderDataset)):
        remedy = ('type="PseudoLabeledCocoDataset" with the file of '
                  'mmssis label' if name == 'pseudo' else 'type="CocoDataset"')
        raise ValueError(f'{PLACE}.{name} is a {kind}, whose images have no labels: all of them '
                         f'would be learned as background. Use {remedy}.')


def _check_classes(sources: Dict[str, BaseDataset]) -> None:
    """Hand the class names on to sources without any, or refuse other ones."""
    first, *_ = sources
    metainfo = sources[first].metainfo
    if 'classes' not in metainfo:
        raise ValueError(f'{PLACE}.{first} names no classes. Set metainfo=dict(classes=("...",)) '
                         'there, or data_set.classes.')
    for name, source in sources.items():
        for dataset in (*leaf_datasets(source), source):
            if 'classes' not in dataset.metainfo:
                dataset._metainfo = metainfo
            problem = class_order_problem(metainfo['classes'], dataset.metainfo['classes'],
                                          f'the classes of {PLACE}.{name}')
            if problem:
                raise ValueError(f'{problem} as in {PLACE}.{first}. Give both the same '
                                 'metainfo=dict(classes=...), or none to the unlabeled one.')
        if name != 'unlabeled':
            _check_categories(source, metainfo['classes'])


def _check_categories(source: BaseDataset, classes: Sequence[str]) -> None:
    """Refuse a COCO file whose categories mmdet would number in another order."""
    for leaf in leaf_datasets(source):
        if isinstance(leaf, CocoDataset):
            for problem in category_problems(scan_coco(leaf.ann_file).categories, classes):
                raise ValueError(f'{leaf.ann_file}: {problem}')


def _check_single_view(name: str, leaf: BaseDataset) -> None:
    """Refuse samples of several views: a detector without a teacher takes one."""
    for step in iterate_steps(leaf.pipeline.transforms, f'{PLACE}.{name}.pipeline'):
        if type(step.transform).__name__ == 'MultiBranch':
            raise ValueError(f'{step.place} makes views for a teacher and a student, but a plain '
                             'detector takes one. Put its transforms into the pipeline directly.')


def _check_views(sources: Dict[str, BaseDataset], same_geometry: bool) -> None:
    """Refuse transforms with which labels or pseudo labels would not fit the student's view."""
    pipelines = []
    for name, source in sources.items():
        for leaf in leaf_datasets(source):
            pipelines.append((f'{PLACE}.{name}.pipeline', leaf.pipeline.transforms))
            check_pipeline_geometry(
                pipelines[-1][1],
                unlabeled=name == 'unlabeled',
                same_geometry=same_geometry,
                name=pipelines[-1][0],
                box_labeled=name == 'boxes')
    for _, other in pipelines[1:]:
        check_branch_fields(pipelines[0][1], other)
    if 'boxes' in sources:
        for place, pipeline in pipelines:
            check_no_empty_masks(pipeline, place)
