"""Settings that follow from the data and the machine; each with its reason."""

import math
from typing import NamedTuple, Optional, Tuple

from mmengine.config import Config

from mmssis.datasets.checks.account import SMALLEST_SIDE

from .data_facts import DataFacts
from .machine import PIXELS_PER_GIB, Base

WANTED_SIDE, SIZE_STEP = 16, 32
# Labeled images may show fewer objects than the others.
QUERY_MARGIN, QUERY_STEP, MOST_QUERIES = 1.25, 50, 500
# mmdet's shortest schedule; and after so many passes over few images nothing new is learned.
LEAST_PASSES, MOST_PASSES = 12, 1000
UPDATE_STEP = 500


class BaseSettings(NamedTuple):
    """What the base config has.

    Attributes:
        image_size: side of its square images in pixels.
        num_queries: the most objects of an image.
        labeled: labeled images of an update.
        unlabeled: unlabeled images of an update.
        max_iters: updates of the run.
        val_interval: updates between two validations.
    """

    image_size: int
    num_queries: int
    labeled: int
    unlabeled: int
    max_iters: int
    val_interval: int


class Choice(NamedTuple):
    """A setting.

    Attributes:
        name: what it sets, in words.
        shown: its value, in words.
        reason: why.
        line: the line of the config; None where the base has the same.
    """

    name: str
    shown: str
    reason: str
    line: Optional[str] = None


def settings_of(cfg: Config) -> BaseSettings:
    """What a base config has.

    Args:
        cfg: as it is read, before its keys are resolved.
    """
    sampler = cfg.train_dataloader.batch_sampler
    return BaseSettings(cfg.image_size[0], cfg.num_queries, sampler.labeled, sampler.unlabeled,
                        cfg.schedule.max_iters, cfg.schedule.val_interval)


def choose_batch(facts: DataFacts, settings: BaseSettings, base: Base) -> Tuple[Choice, int, int]:
    """Images of an update: those of the base, and no more than there are or fit.

    Args:
        facts: of the data.
        settings: of the base.
        base: the base config.

    Returns:
        The choice, labeled and unlabeled images.
    """
    labeled, unlabeled, reason = settings.labeled, settings.unlabeled, 'as the base'
    if base.memory is not None and _side_that_fits(base, labeled + unlabeled) < settings.image_size:
        labeled, unlabeled, reason = 1, 1, f'more do not fit into {base.memory:.0f} GB'
    if facts.labeled < labeled or facts.unlabeled < unlabeled:
        reason = f'of {facts.labeled} labeled, {facts.unlabeled} unlabeled'
    labeled, unlabeled = min(labeled, facts.labeled), min(unlabeled, facts.unlabeled)
    line = ('train_dataloader = dict(batch_sampler=dict('
            f'labeled={labeled}, unlabeled={unlabeled}))')
    is_base = (labeled, unlabeled) == (settings.labeled, settings.unlabeled)
    return Choice('batch', f'{labeled} labeled + {unlabeled} unlabeled images', reason,
                  None if is_base else line), labeled, unlabeled


def choose_image_size(facts: DataFacts, settings: BaseSettings, base: Base,
                      batch: int) -> Tuple[Choice, int]:
    """Side of the images: the median object has 16 pixels, or where that costs too much 8.

    Args:
        facts: of the data.
        settings: of the base.
        base: the base config.
        batch: images of an update.

    Returns:
        The choice, and the side in pixels, a multiple of 32.
    """
    wanted, needed = (_up(side / facts.median_share, SIZE_STEP)
                      for side in (WANTED_SIDE, SMALLEST_SIDE))
    # More than twice the pixels of an image show nothing that is not in it.
    useful = _up(2 * facts.long_side, SIZE_STEP) if base.evaluates_at_image_size else math.inf
    largest = base.largest_size
    if base.memory is not None:
        largest = max(min(largest, _side_that_fits(base, batch)), settings.image_size)
    size = max(min(settings.image_size, useful), min(wanted, base.usual_size, largest),
               min(needed, largest))
    reason = f'median object {facts.median_share * size:.0f} px'
    if size < settings.image_size:
        reason += f', images {facts.long_side:.0f} px'
    elif size > settings.image_size:
        reason += f', {facts.median_share * settings.image_size:.0f} px at {settings.image_size}'
    reason += f'; {WANTED_SIDE} px cost too much' if wanted > size else ''
    return Choice('image size', f'{size} x {size}', reason, None if size == settings.image_size
                  else f'image_size = ({size}, {size})'), size


def choose_num_queries(facts: DataFacts, settings: BaseSettings) -> Tuple[Choice, int]:
    """The most objects of an image: a quarter more than any image is known to have.

    Args:
        facts: of the data.
        settings: of the base, which is never undercut.

    Returns:
        The choice, and the number, at most 500.
    """
    wanted = _up(QUERY_MARGIN * facts.most_objects, QUERY_STEP)
    number = max(min(wanted, MOST_QUERIES), settings.num_queries)
    return Choice('queries', str(number), f'an image has up to {facts.most_objects} objects',
                  None if number == settings.num_queries else f'num_queries = {number}'), number


def choose_schedule(facts: DataFacts, settings: BaseSettings, labeled: int,
                    unlabeled: int) -> Tuple[Choice, int]:
    """Updates of the run: those of the base, unless the images are far more or far fewer.

    Args:
        facts: of the data.
        settings: of the base.
        labeled: labeled images of an update.
        unlabeled: unlabeled images of an update.

    Returns:
        The choice, and the number of updates.
    """
    batch, images = labeled + unlabeled, facts.labeled + facts.unlabeled
    smaller = (settings.labeled + settings.unlabeled) // batch
    least = _up(LEAST_PASSES * facts.labeled / labeled, UPDATE_STEP)
    most = _up(MOST_PASSES * images / batch, UPDATE_STEP)
    updates = max(min(settings.max_iters * smaller, most), least)
    passes = updates * labeled / facts.labeled
    reason = f'{passes:,.0f} passes over {facts.labeled:,} labeled images'
    if updates == settings.max_iters:
        return Choice('updates', f'{updates:,}', reason), updates
    val_interval = max(updates * settings.val_interval // settings.max_iters, 1)
    return Choice('updates', f'{updates:,}', reason, 'schedule = dict('
                  f'max_iters={updates}, val_interval={val_interval})'), updates


def _side_that_fits(base: Base, images: int) -> int:
    """Largest side of so many images in the memory of the GPU, in steps."""
    return int(math.sqrt(base.memory * PIXELS_PER_GIB / images)) // SIZE_STEP * SIZE_STEP


def _up(number: float, step: int) -> int:
    """The next multiple of a step."""
    return math.ceil(number / step) * step
