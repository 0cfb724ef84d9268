"""What is to be known of a user's data before a config is chosen."""

from dataclasses import dataclass
from statistics import median
from typing import Dict, Iterator, List, Set, Tuple

from mmdet.registry import DATASETS
from mmengine.config import Config

from mmssis.datasets.checks import account, run_data
from mmssis.datasets.checks.account import Account
from mmssis.datasets.checks.quietly import quietly
from mmssis.datasets.checks.run_data import SOURCES, VAL, RunData
from mmssis.datasets.checks.set_summary import data_infos
from mmssis.engine.hooks import PreflightHook

LABELED, UNLABELED = f'{SOURCES}.labeled', f'{SOURCES}.unlabeled'


@dataclass(frozen=True)
class DataFacts:
    """Numbers that choices depend on.

    Attributes:
        labeled: labeled images that are learned from, >= 1.
        unlabeled: unlabeled images, >= 1.
        median_objects: of the labeled images with objects.
        most_objects: of an image that is learned from or validated on.
        median_share: side of the median object in sides of its image's longer side, in (0, 1].
        long_side: longer side of the labeled images in pixels, the median.
    """

    labeled: int
    unlabeled: int
    median_objects: float
    most_objects: int
    median_share: float
    long_side: float


def build_data(cfg: Config) -> RunData:
    """Build the data sets of a run, and nothing else.

    Args:
        cfg: a resolved config.

    Raises:
        ValueError: if one cannot be built, with the cause.
    """
    with quietly():
        train = DATASETS.build(cfg.train_dataloader.dataset)
        val = DATASETS.build(cfg.val_dataloader.dataset)
    return RunData(train.sources, val, tuple(train.metainfo['classes']))


def check_data(data: RunData) -> None:
    """Refuse what the preflight refuses before a run, without a model.

    Args:
        data: from :func:`build_data`.

    Raises:
        ValueError: with all problems that were found.
    """
    for checks in ((run_data.check_annotation_files, run_data.check_masks),
                   (run_data.check_overlap, run_data.check_images), (run_data.check_samples, )):
        problems = [problem for check in checks for problem in check(data)]
        if problems:
            raise ValueError('The data cannot be trained on:\n- ' + '\n- '.join(problems))


def account_of(data: RunData, num_queries: int) -> Tuple[Account, List[str]]:
    """The account of the data, and what should be looked at.

    Args:
        data: from :func:`build_data`.
        num_queries: the most objects of an image that the model can hold.

    Returns:
        The account, and remarks in words.

    Raises:
        ValueError: if most labeled objects would be lost.
    """
    counted = run_data.account_for(data, dict(num_queries=num_queries))
    labeled = counted.sources['labeled']
    problems = account.lost_problems('labeled', labeled, PreflightHook().max_lost)
    if problems:
        raise ValueError(problems[0])
    remarks = run_data.check_categories(data) + account.loss_remarks('labeled', labeled)
    if not counted.sources['val'].instances:
        remarks.append('val has no object to evaluate, so every AP will be -1.')
    return counted, remarks


def facts_of(data: RunData) -> DataFacts:
    """The numbers that choices depend on.

    Args:
        data: from :func:`build_data`, with labeled objects.
    """
    labeled = data.summaries[LABELED]
    numbers = [number for number in labeled.per_image if number]
    # Images fit into a square, so lengths grow with it.
    return DataFacts(
        labeled=len(labeled.paths),
        unlabeled=len(data.summaries[UNLABELED].paths),
        median_objects=median(numbers),
        most_objects=max([*numbers, *data.summaries[VAL].per_image]),
        median_share=median(labeled.sides) / data.size.width,
        long_side=median(max(info['width'], info['height'])
                         for info in data_infos(data.sources['labeled'])))


def unlabeled_without_known(data: RunData) -> Tuple[Set[str], Dict[str, int]]:
    """Which unlabeled images are neither labeled nor validated on.

    Args:
        data: from :func:`build_data`.

    Returns:
        Their paths, and how many of the unlabeled ones are labeled or validated on, by name; empty
        where there is none.
    """
    unlabeled = data.summaries[UNLABELED]
    known = {name: set(data.summaries[key].files) & set(unlabeled.files)
             for name, key in (('labeled', LABELED), ('validation', VAL))}
    taken = set().union(*known.values())
    kept = {path for path, file in zip(unlabeled.paths, unlabeled.files) if file not in taken}
    return kept, {name: len(files) for name, files in known.items() if files}


def model_remarks(facts: DataFacts, image_size: int, num_queries: int) -> Iterator[str]:
    """What the chosen model cannot hold or hardly sees.

    Args:
        facts: of the data.
        image_size: side of the images in pixels.
        num_queries: the most objects of an image that the model can hold.

    Yields:
        Remarks, with the remedy.
    """
    side = facts.median_share * image_size
    if side < account.SMALLEST_SIDE:
        yield (f'The median object has a side of {side:.1f} pixels even at {image_size} x '
               f'{image_size}; below {account.SMALLEST_SIDE} objects are hardly seen. Cut the '
               'images into tiles, or train on a GPU with more memory.')
    if facts.most_objects > num_queries:
        yield (f'An image has {facts.most_objects} objects, more than num_queries = {num_queries}: '
               'cut the images into tiles.')
