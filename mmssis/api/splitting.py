"""Split a labeled data set."""

from pathlib import Path
from typing import List, Optional, Sequence, Tuple, Union

from mmssis.datasets.checks.coco_validation import read_checked
from mmssis.datasets.converters.splits import (count_of_percent, draw_labeled_ids, ids_sha256,
                                               read_published_ids, write_split)

# Its name, the labeled ids, and how they were chosen.
Split = Tuple[str, list, dict]


def split(ann_file: Union[str, Path],
          *,
          percents: Optional[Sequence[float]] = None,
          counts: Optional[Sequence[int]] = None,
          lists: Optional[Sequence[str]] = None,
          folds: Sequence[int] = (1, ),
          seed: int = 0,
          every_category: bool = False,
          out: Optional[Union[str, Path]] = None) -> List[Path]:
    """Split a COCO data set into a labeled part and an unlabeled rest.

        from mmssis.api import split
        labeled, = split('data/bolts/train.json', percents=[10], out='data/bolts')

    Args:
        ann_file: COCO JSON of the whole data set.
        percents: labeled percentages, in (0, 100).
        counts: in place of ``percents``, numbers of labeled images.
        lists: in place of ``percents``, files of published splits: ids or file names (txt, json)
            or a split COCO JSON.
        folds: independent draws.
        seed: of the draws.
        every_category: whether every category that has an instance occurs in each split.
        out: folder to write. Default: ``semi_anns`` beside the folder of ``ann_file``.

    Returns:
        The labeled file of each split; ``-unlabeled.json`` and ``.ids.txt`` lie beside it.

    Raises:
        ValueError: if a size, a list or the file is wrong, or not one of ``percents``, ``counts``
            and ``lists`` is given.
    """
    if sum(size is not None for size in (percents, counts, lists)) != 1:
        raise ValueError('give one of percents, counts and lists')
    print(f'Reading {ann_file} ...', flush=True)
    content = read_checked(str(ann_file), masks=False)
    if lists is not None:
        splits = [_published(path, content) for path in lists]
    else:
        sizes = _sizes(percents, counts, len(content['images']))
        splits = [_drawn(content, name, count, fold, seed, every_category)
                  for fold in folds for name, count in sizes]
    folder = Path(out) if out is not None else Path(ann_file).parent.parent / 'semi_anns'
    return _write(splits, content, folder / Path(ann_file).stem)


def _sizes(percents: Optional[Sequence[float]], counts: Optional[Sequence[int]],
           num_images: int) -> List[Tuple[str, int]]:
    """Name and number of labeled images of each size."""
    if percents is not None:
        return [(f'{percent:g}', count_of_percent(percent, num_images)) for percent in percents]
    return [(f'{count}images', count) for count in counts]


def _drawn(content: dict, name: str, count: int, fold: int, seed: int,
           every_category: bool) -> Split:
    """A split that is drawn."""
    ids = draw_labeled_ids(content, count, fold, seed, every_category)
    return f'{fold}@{name}', ids, dict(fold=fold, seed=seed, every_category=every_category)


def _published(path: str, content: dict) -> Split:
    """A split that is read."""
    return Path(path).stem, read_published_ids(path, content), dict(published=Path(path).name)


def _write(splits: Sequence[Split], content: dict, stem: Path) -> List[Path]:
    """Write the files of all splits; one line each."""
    written = []
    for i, (name, ids, note) in enumerate(splits, 1):
        path = write_split(content, ids, f'{stem}.{name}', note)[0]
        print(f'[{i}/{len(splits)}] {path}: {len(ids)} labeled, '
              f'{len(content["images"]) - len(ids)} unlabeled, sha256 {ids_sha256(ids)[:16]}',
              flush=True)
        written.append(Path(path))
    return written
