"""What a run learns and measures, in numbers."""

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .left_out import ASKED_FOR, REASONS, LeftOut
from .network_size import NetworkSize
from .set_summary import SetSummary

# Objects of fewer pixels leave next to nothing on the coarsest map that masks are made of.
SMALLEST_SIDE = 8


@dataclass
class SourceAccount:
    """One source of a run.

    Attributes:
        images: images that the run reads.
        images_without_objects: of these; None without annotations.
        instances: instances that are learned from, or evaluated; None without annotations.
        left_out: number of annotations that are not, by reason.
        images_left_out: number of images, or files of a folder, by reason.
        labels: number of instances by class name.
        objects_per_image: ``median`` and ``most`` of the images with objects, and ``above_limit``,
            the number of images with more than the model can hold.
        median_side: side of an object in pixels of the network's input, the median.
    """

    images: int
    images_without_objects: Optional[int] = None
    instances: Optional[int] = None
    left_out: Dict[str, int] = field(default_factory=dict)
    images_left_out: Dict[str, int] = field(default_factory=dict)
    labels: Dict[str, int] = field(default_factory=dict)
    objects_per_image: Dict[str, float] = field(default_factory=dict)
    median_side: Optional[float] = None

    @property
    def num_lost(self) -> int:
        """Annotations that are left out though the config does not ask for it."""
        return sum(number for reason, number in self.left_out.items() if reason not in ASKED_FOR)


@dataclass
class Account:
    """All sources of a run.

    Attributes:
        classes: class names, in label order.
        limit: the most objects of an image that the model can hold, by the name of its setting.
        network_size: size of the network's input in training, in words.
        keeps_empty: whether labeled images without objects are learned from, as background.
        sources: labeled, boxes, unlabeled, pseudo, val; those that there are.
    """

    classes: Sequence[str]
    limit: Dict[str, int]
    network_size: str
    keeps_empty: bool
    sources: Dict[str, SourceAccount] = field(default_factory=dict)

    def as_dict(self) -> Dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


def account_of(summary: SetSummary, left_out: LeftOut, classes: Sequence[str],
               limit: Mapping[str, int], evaluated: bool = False) -> SourceAccount:
    """The account of a source with annotations.

    Args:
        summary: what the data set holds.
        left_out: what it leaves out of its files.
        classes: class names, in label order.
        limit: the most objects of an image that the model can hold, by the name of its setting.
        evaluated: whether the source is validated on: what counts is then what ``left_out`` leaves.
    """
    labels = left_out.labels if evaluated else summary.labels
    numbers = sorted(number for number in summary.per_image if number)
    most = min(limit.values(), default=None)
    return SourceAccount(
        images=len(summary.paths),
        images_without_objects=(len(summary.paths) - left_out.images_with if evaluated
                                else summary.num_empty),
        instances=labels.total(),
        left_out=dict(left_out.annotations.most_common()),
        images_left_out=dict(left_out.images.most_common()),
        labels={name: labels[label] for label, name in enumerate(classes)},
        objects_per_image=dict(
            median=median(numbers), most=numbers[-1],
            above_limit=sum(number > most for number in numbers) if most else 0) if numbers else {},
        median_side=round(median(summary.sides), 2) if summary.sides else None)


def lost_problems(name: str, account: SourceAccount, max_lost: float) -> List[str]:
    """Refuse a source that loses too many of its instances.

    Args:
        name: key of the source.
        account: its account.
        max_lost: largest share of its annotations that may be lost.

    Returns:
        At most one problem, with the causes and their remedies.
    """
    total = sum(account.left_out.values()) + account.instances
    if account.instances and account.num_lost <= max_lost * (account.num_lost + account.instances):
        return []
    causes = [f'{number} of {total} annotations {REASONS[reason][0]}'
              for reason, number in account.left_out.items()]
    remedies = ' '.join(REASONS[reason][1] for reason in account.left_out)
    if not account.instances:
        why = '; '.join(causes) or 'its files have no annotation for these images and classes'
        return [f'{name}: no instance is learned from: {why}. {remedies}'.rstrip()]
    return [f'{name}: too many instances are not learned from: {"; ".join(causes)}. {remedies} To '
            f'go on nevertheless, raise default_hooks.preflight.max_lost = {max_lost}.']


def loss_remarks(name: str, account: SourceAccount) -> List[str]:
    """Say how many labeled instances are lost.

    Args:
        name: key of the source.
        account: its account.

    Returns:
        At most one remark, with the causes.
    """
    if not account.num_lost:
        return []
    lost = ', '.join(f'{number} {REASONS[reason][0]}' for reason, number in
                     account.left_out.items() if reason not in ASKED_FOR)
    return [f'{name}: {account.num_lost} of {account.num_lost + account.instances} annotations are '
            f'not learned from: {lost}. Their objects are learned as background.']


def model_remarks(name: str, account: SourceAccount, limit: Mapping[str, int],
                  size: Optional[NetworkSize]) -> List[str]:
    """Say which objects a model cannot hold or hardly sees.

    Args:
        name: key of the source.
        account: its account.
        limit: the most objects of an image that the model can hold, by the name of its setting.
        size: size of the network's input.

    Returns:
        Remarks, with the keys to change.
    """
    found = []
    above = account.objects_per_image.get('above_limit')
    if above:
        key = min(limit, key=limit.__getitem__)
        found.append(f'{name}: {above} images have more objects than the model can hold, up to '
                     f'{account.objects_per_image["most"]}: raise {key} = {limit[key]}.')
    if account.median_side is not None and account.median_side < SMALLEST_SIDE:
        shown = f'at {size}' if size else "at the images' own size"
        found.append(f'{name}: the median object has a side of {account.median_side:.1f} pixels '
                     f'{shown}; below {SMALLEST_SIDE} objects are hardly seen: raise image_size, '
                     'or cut the images into tiles.')
    return found
