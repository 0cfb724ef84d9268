"""What the rules of the advice know."""

from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple


class Facts(NamedTuple):
    """Numbers and settings of a model.

    Attributes:
        costs: kind of error to what it costs in AP50, in [0, 1].
        counts: kind of error to its number.
        objects: number of true instances.
        most_objects: largest number of true instances in an image.
        mask_iou: mean IoU of found objects (IoU of at least 0.5); None without any.
        confusions: pairs of classes that are confused most, in words.
        hooks: names of the pseudo-label hooks to their types.
        num_queries: queries of the detector; None where it has none.
        image_size: (w, h) of the network's input; None where no transform sets it.
        burn_in: updates, or 'auto'; None of a model without burn-in.
        thresholds: options of the suggested thresholds; None without.
        keep_more: whether they have a higher recall than those of the config.
        pseudo: number of pseudo labels at the thresholds of the config.
        wrong: kind of error to the number of pseudo labels that have it.
    """

    costs: Dict[str, float]
    counts: Dict[str, int]
    objects: int
    most_objects: int
    mask_iou: Optional[float]
    confusions: Sequence[str]
    hooks: Dict[str, str]
    num_queries: Optional[int]
    image_size: Optional[Tuple[int, int]]
    burn_in: Any
    thresholds: Optional[str]
    keep_more: bool
    pseudo: int
    wrong: Dict[str, int]
