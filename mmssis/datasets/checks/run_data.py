"""Checks of the data sets of a whole run, by the names of their sources."""

from dataclasses import dataclass
from itertools import combinations
from types import SimpleNamespace
from typing import Dict, List, Mapping, Optional, Tuple

from mmengine.logging import print_log

from . import training_data

SOURCES, VAL = 'train_dataloader.dataset', 'val_dataloader.dataset'
TAKE_OUT = 'Take them out of one.'
LEAK = f'This is a leak: the result would be worthless. {TAKE_OUT}'
ALLOW = 'Take them out of the second, or set default_hooks.preflight.allow_labeled_in_unlabeled.'


@dataclass
class RunData:
    """The data sets that a run reads.

    Args:
        sources: training data by name: labeled, boxes, unlabeled, pseudo.
        val: validation data, None without validation.
        classes: class names of the training data, in label order.
        skips_unreadable: whether training leaves out images that cannot be read.
    """

    sources: Dict[str, object]
    val: Optional[object]
    classes: Tuple[str, ...]
    skips_unreadable: bool = False

    def named_sets(self) -> Dict[str, object]:
        """All sets by their keys in the config."""
        sets = {f'{SOURCES}.{name}': source for name, source in self.sources.items()}
        return sets if self.val is None else {**sets, VAL: self.val}

    def annotated_sets(self) -> Dict[str, object]:
        """The sets whose annotations are read, by their keys in the config."""
        return {name: dataset for name, dataset in self.named_sets().items()
                if name != f'{SOURCES}.unlabeled'}


def check_classes(data: RunData, heads: Mapping[str, int]) -> List[str]:
    """The same classes in training data, validation data and heads.

    Args:
        data: the data sets.
        heads: number of classes of each head, by name.
    """
    problems = training_data.check_num_classes(data.classes, heads)
    if data.val is not None:
        problems += training_data.check_same_classes(
            data.classes, data.val.metainfo['classes'], 'validation')
    return problems


def check_annotation_files(data: RunData) -> List[str]:
    """Valid COCO files with the categories of the config."""
    return [problem for dataset in data.annotated_sets().values()
            for problem in training_data.check_annotation_files(dataset, data.classes)]


def check_masks(data: RunData) -> List[str]:
    """A mask for every instance that is learned from, unless boxes are the labels."""
    return [f'{name}: {problem}' for name, dataset in data.annotated_sets().items()
            if name != VAL for problem in training_data.check_masks(dataset)]


def check_categories(data: RunData) -> List[str]:
    """An instance of every class among the true labels."""
    sources = [data.sources[name] for name in ('labeled', 'boxes') if name in data.sources]
    return training_data.check_labeled_categories(SimpleNamespace(datasets=sources), data.classes)


def check_overlap(data: RunData, allow_labeled_in_unlabeled: bool = False) -> List[str]:
    """No image in two sets.

    Args:
        data: the data sets.
        allow_labeled_in_unlabeled: whether images with labels may come without them too.
    """
    paths = {name: training_data.image_paths(dataset)
             for name, dataset in data.named_sets().items()}
    problems = []
    for first, second in combinations(paths, 2):
        without_labels = second.endswith(('.unlabeled', '.pseudo'))
        if without_labels and allow_labeled_in_unlabeled:
            continue
        remedy = ALLOW if without_labels else TAKE_OUT
        problems += training_data.check_overlap(
            paths[first], paths[second], (first, second),
            LEAK if second == VAL else remedy)
    return problems


def check_images(data: RunData, decode: bool = False) -> List[str]:
    """Every file is there; training images may be missing where they are skipped.

    Args:
        data: the data sets.
        decode: whether to decode every image.
    """
    problems = []
    for name, dataset in data.named_sets().items():
        paths = [info['img_path'] for info in training_data.data_infos(dataset)]
        found = training_data.check_readable(paths, name, decode)
        if data.skips_unreadable and name != VAL:
            for problem in found:
                print_log(f'{problem} They are skipped.', logger='current', level=30)
        else:
            problems += found
    if data.skips_unreadable:
        problems += training_data.check_skipping(list(data.sources.values()))
    return problems
