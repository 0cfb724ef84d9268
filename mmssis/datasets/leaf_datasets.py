"""The data sets inside wrappers."""

from mmengine.dataset import BaseDataset


def leaf_datasets(dataset: object) -> list[BaseDataset]:
    """Data sets that read files, found through repeating and concatenating wrappers.

    Args:
        dataset (object): A data set, or a wrapper with ``dataset`` or ``datasets``.

    Returns:
        list[BaseDataset]: The innermost data sets, in order.
    """
    if hasattr(dataset, 'datasets'):
        return [leaf for inner in dataset.datasets for leaf in leaf_datasets(inner)]
    return leaf_datasets(dataset.dataset) if hasattr(dataset, 'dataset') else [dataset]
