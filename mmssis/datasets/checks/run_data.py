"""Checks of the data sets of a whole run, by the names of their sources."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Dict, List, Mapping, Optional, Tuple

from mmdet.datasets import CocoDataset
from mmengine.logging import print_log

from mmssis.utils.coco_file import read_coco

from ..leaf_datasets import leaf_datasets
from ..unlabeled_coco_dataset import UnlabeledCocoDataset
from ..unlabeled_folder_dataset import UnlabeledFolderDataset
from . import training_data
from .account import Account, SourceAccount, account_of
from .coco_validation import judge_coco, validate_coco_json
from .first_samples import check_first_sample
from .left_out import SMALL_IMAGE, LeftOut, count_left_out
from .network_size import NetworkSize, network_size
from .set_summary import SetSummary, summarize

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
        evaluates_masks: whether the validation compares masks.
    """

    sources: Dict[str, object]
    val: Optional[object]
    classes: Tuple[str, ...]
    skips_unreadable: bool = False
    evaluates_masks: bool = True

    def named_sets(self) -> Dict[str, object]:
        """All sets by their keys in the config."""
        sets = {f'{SOURCES}.{name}': source for name, source in self.sources.items()}
        return sets if self.val is None else {**sets, VAL: self.val}

    def annotated_sets(self) -> Dict[str, object]:
        """The sets whose annotations are read, by their keys in the config."""
        return {name: dataset for name, dataset in self.named_sets().items()
                if name != f'{SOURCES}.unlabeled'}

    @cached_property
    def size(self) -> Optional[NetworkSize]:
        """Base scale of the training images; None where they keep their size."""
        leaf = leaf_datasets(next(iter(self.sources.values())))[0]
        return network_size(leaf.pipeline.transforms)

    @cached_property
    def summaries(self) -> Dict[str, SetSummary]:
        """What the sets hold, by their keys in the config; each is walked through once."""
        links: Dict[Tuple[int, int], str] = {}
        return {name: summarize(dataset, self.size, links)
                for name, dataset in self.named_sets().items()}


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
    """Valid COCO files with the categories of the config; each is looked at once."""
    masks_of = {leaf.ann_file: name != f'{SOURCES}.boxes' and (name != VAL or data.evaluates_masks)
                for name, dataset in data.annotated_sets().items()
                for leaf in leaf_datasets(dataset) if isinstance(leaf, CocoDataset)}
    problems = []
    for path, masks in masks_of.items():
        found = validate_coco_json(path, data.classes, masks)
        problems += found
        for warning in () if found else judge_coco(path, masks).warnings:
            print_log(warning, logger='current', level=30)
    return problems


def check_masks(data: RunData) -> List[str]:
    """A mask for every instance that is learned from, unless boxes are the labels."""
    return [f'{name}: {problem}' for name in data.annotated_sets() if name != VAL
            for problem in training_data.check_masks(data.summaries[name])]


def check_categories(data: RunData) -> List[str]:
    """An instance of every class among the true labels."""
    labels = sum((data.summaries[f'{SOURCES}.{name}'].labels
                  for name in ('labeled', 'boxes') if name in data.sources), Counter())
    return training_data.check_labeled_categories(labels, data.classes)


def check_overlap(data: RunData, allow_labeled_in_unlabeled: bool = False) -> List[str]:
    """No image in two sets, and none twice in a set.

    Args:
        data: the data sets.
        allow_labeled_in_unlabeled: whether images with labels may come without them too.
    """
    problems = []
    for name, summary in data.summaries.items():
        found = training_data.check_repeated(summary, name)
        problems += found if name in data.annotated_sets() else []
    for first, second in combinations(data.summaries, 2):
        without_labels = second.endswith(('.unlabeled', '.pseudo'))
        if without_labels and allow_labeled_in_unlabeled:
            continue
        remedy = ALLOW if without_labels else TAKE_OUT
        problems += training_data.check_overlap(
            data.summaries[first].files, data.summaries[second].files, (first, second),
            LEAK if second == VAL else remedy)
    return problems


def check_images(data: RunData, decode: bool = False) -> List[str]:
    """Every file is there; training images may be missing where they are skipped.

    Args:
        data: the data sets.
        decode: whether to decode every image.
    """
    problems = []
    for name, summary in data.summaries.items():
        found = training_data.check_readable(summary, name, decode)
        if data.skips_unreadable and name != VAL:
            for problem in found:
                print_log(f'{problem} They are skipped.', logger='current', level=30)
        else:
            problems += found
    if data.skips_unreadable:
        problems += training_data.check_skipping(list(data.sources.values()))
    return problems


def check_samples(data: RunData) -> List[str]:
    """A sample of every set that its pipeline can load."""
    return [problem for name, dataset in data.named_sets().items()
            for problem in check_first_sample(dataset, data.summaries[name], name)]


def account_for(data: RunData, limit: Mapping[str, int]) -> Account:
    """Count what is learned from, what is evaluated, and what is left out.

    Args:
        data: the data sets.
        limit: the most objects of an image that the model can hold, by the name of its setting.
    """
    rules = getattr(leaf_datasets(data.sources['labeled'])[0], 'filter_cfg', None) or {} \
        if 'labeled' in data.sources else {}
    account = Account(
        data.classes, dict(limit), str(data.size or 'their own size'),
        keeps_empty=not rules.get('filter_empty_gt', False))
    for name, dataset in data.named_sets().items():
        short = 'val' if name == VAL else name.rpartition('.')[2]
        summary = data.summaries[name]
        if name in data.annotated_sets():
            evaluated = name == VAL and all(
                isinstance(leaf, CocoDataset) for leaf in leaf_datasets(dataset))
            left_out = _left_out(dataset, summary, evaluated)
            account.sources[short] = account_of(summary, left_out, data.classes, limit, evaluated)
        else:
            account.sources[short] = SourceAccount(
                len(summary.paths), images_left_out=_images_left_out(dataset, summary))
    return account


def _left_out(dataset: object, summary: SetSummary, evaluated: bool) -> LeftOut:
    """What a set leaves out of its annotation files; one that is repeated counts once."""
    found: Dict[str, LeftOut] = {}
    start = 0
    for leaf in leaf_datasets(dataset):
        images = slice(start, start + len(leaf))
        start += len(leaf)
        if isinstance(leaf, CocoDataset) and leaf.ann_file not in found:
            found[leaf.ann_file] = count_left_out(
                read_coco(leaf.ann_file), leaf, summary.image_ids[images],
                sum(summary.per_image[images]), evaluated)
    return sum(found.values(), LeftOut())


def _images_left_out(dataset: object, summary: SetSummary) -> Dict[str, int]:
    """Images of unlabeled folders and lists that are not learned from, by reason."""
    counts: Counter = Counter()
    for leaf in leaf_datasets(dataset):
        if isinstance(leaf, UnlabeledFolderDataset):
            counts.update(leaf.left_out)
        elif isinstance(leaf, UnlabeledCocoDataset) and (leaf.filter_cfg or {}).get('min_size'):
            counts[SMALL_IMAGE] += len(read_coco(leaf.ann_file).images) - len(leaf)
    counts['repeated, all the same learned'] += len(summary.repeated)
    return dict(+counts)
