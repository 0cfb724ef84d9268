"""The named sources of a training set."""

from typing import Dict

# What some method learns from; pseudo labels made before training count as labels.
COMBINATIONS = (('labeled', ), ('boxes', ), ('labeled', 'boxes'), ('labeled', 'unlabeled'),
                ('boxes', 'unlabeled'), ('labeled', 'boxes', 'unlabeled'), ('labeled', 'pseudo'))


def sources_of(dataset: object) -> Dict[str, object]:
    """The sources of a training set by name.

    Args:
        dataset (object): A :class:`SemiDataset`, or any other data set, which counts as labeled.

    Returns:
        dict[str, object]: Data sets, labeled, boxes, unlabeled, pseudo; only those given.
    """
    return getattr(dataset, 'sources', {'labeled': dataset})
