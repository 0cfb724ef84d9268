"""The batch size, which follows from the images of each source."""

from mmengine.config import Config

SOURCES = ('labeled', 'boxes', 'unlabeled', 'pseudo')


def apply_batch_size(cfg: Config) -> None:
    """Write ``train_dataloader.batch_size``, in place: the sum of the images of each source.

    Args:
        cfg: any config; one whose batch sampler does not count sources is left alone.

    Raises:
        ValueError: if the config gives another batch size, or a count for a missing source.
    """
    loader = cfg.get('train_dataloader') or {}
    sampler = loader.get('batch_sampler') or {}
    if sampler.get('type') not in ('SemiBatchSampler', 'mmdet.SemiBatchSampler'):
        return
    counts = {name: sampler[name] for name in SOURCES if name in sampler}
    if not all(type(count) is int for count in counts.values()):
        return  # A wrong type is refused with the signatures.
    _check_sources(loader.get('dataset') or {}, counts)
    total, given = sum(counts.values()), loader.get('batch_size')
    if given is not None and given != total:
        keys = ', '.join(f'train_dataloader.batch_sampler.{name} = {count}'
                         for name, count in counts.items())
        raise ValueError(f'train_dataloader.batch_size = {given!r}, but it follows from {keys}: '
                         'change these, and leave batch_size out')
    loader.batch_size = total


def _check_sources(dataset: dict, counts: dict) -> None:
    """Refuse images of a source that the data set lacks."""
    if dataset.get('type') not in ('SemiDataset', 'mmdet.SemiDataset'):
        return
    for name, count in counts.items():
        if count and dataset.get(name) is None:
            raise ValueError(
                f'train_dataloader.batch_sampler.{name} = {count}, but '
                f'train_dataloader.dataset.{name} is missing: set the number to 0, or give the '
                'source')
