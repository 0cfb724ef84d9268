"""Labeled and pseudo-labeled images as one data set."""

from typing import Sequence, Union

from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset

from .leaf_datasets import leaf_datasets
from .pipeline_geometry import iterate_steps
from .semi_concat_dataset import SemiConcatDataset, check_categories, check_classes
from .unlabeled_coco_dataset import UnlabeledCocoDataset
from .unlabeled_folder_dataset import UnlabeledFolderDataset


@DATASETS.register_module()
class LabeledPseudoConcatDataset(SemiConcatDataset):
    """A labeled data set followed by a pseudo-labeled one, for a plain detector.

    Both sources give samples with labels, so every image has one view and any detector trains on
    them. ``SemiBatchSampler`` mixes the sources in a ratio. Augmentation is seeded by the position
    in the stream and unreadable images are treated as in :class:`SemiConcatDataset`.

    Args:
        datasets (Sequence[BaseDataset or dict]): The labeled and the pseudo-labeled data set.
        on_unreadable (str): ``'error'`` stops at an image that cannot be read, naming it;
            ``'skip'`` warns and draws another one of the same source. Defaults to ``'error'``.

    Raises:
        ValueError: If class names or their order differ, a source is empty, the second one has no
            labels, or a pipeline has the branches of a semi-supervised detector.
    """

    num_sources = (2, )

    def __init__(self,
                 datasets: Sequence[Union[BaseDataset, dict]],
                 on_unreadable: str = 'error') -> None:
        super().__init__(datasets, on_unreadable=on_unreadable)

    def _check_sources(self, labeled: BaseDataset, pseudo: BaseDataset) -> None:
        """Refuse what a plain detector cannot learn from, or would learn wrong classes from."""
        for leaf in leaf_datasets(pseudo):
            _check_has_labels(leaf)
        check_classes(labeled, pseudo)
        for leaf in leaf_datasets(pseudo):
            check_categories(leaf, tuple(labeled.metainfo['classes']))
        for name, dataset in (('labeled', labeled), ('pseudo-labeled', pseudo)):
            for leaf in leaf_datasets(dataset):
                _check_single_view(leaf, f'{name} pipeline')


def _check_has_labels(dataset: BaseDataset) -> None:
    """Refuse a source of images alone: all of them would be learned as background."""
    if isinstance(dataset, (UnlabeledCocoDataset, UnlabeledFolderDataset)):
        raise ValueError(
            f'LabeledPseudoConcatDataset.datasets[1] is a {type(dataset).__name__}, whose images '
            'have no labels. Use type="PseudoLabeledCocoDataset" with the file of '
            'tools/generate_pseudo_labels.py.')


def _check_single_view(dataset: BaseDataset, name: str) -> None:
    """Refuse samples of several views."""
    for step in iterate_steps(dataset.pipeline.transforms, name):
        if type(step.transform).__name__ == 'MultiBranch':
            raise ValueError(f'{step.place} makes views for a teacher and a student, but a plain '
                             'detector takes one. Put its transforms into the pipeline directly.')
