"""What stands out among the errors of a model, by rules on their numbers."""

from typing import List, NamedTuple

from .error_costs import ERRORS
from .facts import Facts
from .remedies import REMEDIES

LEAST_COST = 0.03
"""An error that costs less AP50 is not worth an advice, in [0, 1]."""
LEAST_SHARE = 0.25
"""Nor is one that costs less than this share of what all kinds cost together."""
LEAST_WRONG = 0.2
"""An error that so many of the pseudo labels have is, whatever it costs in AP50."""
ROUGH_MASKS = 0.75
"""Masks of found objects are rough where their mean IoU is lower."""
WORDS = {
    'class': 'Classes', 'mask': 'Masks', 'both': 'Class and mask at once',
    'duplicate': 'Duplicates', 'background': 'Background', 'missed': 'Missed objects',
}


class Advice(NamedTuple):
    """What stands out, and what follows.

    Attributes:
        problem: of :data:`ERRORS`.
        reason: the numbers, in words.
        steps: what to do, each with an option line or a place in the docs.
    """

    problem: str
    reason: str
    steps: List[str]


def advise(facts: Facts) -> List[Advice]:
    """Say what stands out, the dearest first.

    Args:
        facts: the numbers.

    Returns:
        Empty if nothing stands out.
    """
    total = sum(facts.costs.values())
    found = [kind for kind in sorted(ERRORS, key=lambda kind: -facts.costs[kind])
             if facts.costs[kind] >= max(LEAST_COST, LEAST_SHARE * total)]
    found += [kind for kind in facts.wrong if _spoils_pseudo_labels(kind, facts)]
    if facts.mask_iou is not None and facts.mask_iou < ROUGH_MASKS:
        found.append('mask')
    return [Advice(kind, _reason(kind, facts), REMEDIES[kind](facts))
            for kind in dict.fromkeys(found)]


def _spoils_pseudo_labels(kind: str, facts: Facts) -> bool:
    """Whether many pseudo labels have an error."""
    return facts.pseudo > 0 and facts.wrong[kind] >= LEAST_WRONG * facts.pseudo


def _reason(kind: str, facts: Facts) -> str:
    """The numbers that led to an advice."""
    text = (f'{WORDS[kind]}: {facts.counts[kind]} errors, which cost '
            f'{100 * facts.costs[kind]:.1f} of AP50')
    if kind == 'class' and facts.confusions:
        text += f' ({"; ".join(facts.confusions)})'
    if kind == 'mask' and facts.mask_iou is not None:
        text += f'; masks of found objects have a mean IoU of {facts.mask_iou:.2f}'
    if kind == 'missed':
        text += f'; {facts.objects} objects in all'
    if kind in facts.wrong and facts.pseudo:
        text += f'; {facts.wrong[kind]} of {facts.pseudo} pseudo labels'
    return text
