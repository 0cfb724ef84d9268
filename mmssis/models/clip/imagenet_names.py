"""Which ImageNet classes stand for a class of the data set."""

import json
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Union

from timm.data import ImageNetInfo

ClassMap = Mapping[str, Sequence[Union[str, int]]]


def read_class_map(class_map: Union[str, Path, ClassMap]) -> ClassMap:
    """Return the map itself, or read it from a JSON file.

    Raises:
        RuntimeError: if the file does not exist.
        ValueError: if it holds no dict of lists.
    """
    if isinstance(class_map, (str, Path)):
        path = Path(class_map)
        if not path.is_file():
            raise RuntimeError(f'class_map = {str(path)!r} of TimmRegionClassifier does not exist: '
                               'place a JSON file there, class name -> list of ImageNet classes')
        class_map = json.loads(path.read_text(encoding='utf-8'))
    if not isinstance(class_map, Mapping) or not all(
            isinstance(entry, Sequence) and not isinstance(entry, str)
            for entry in class_map.values()):
        raise ValueError(f'class_map = {class_map!r} of TimmRegionClassifier: give a dict, class '
                         'name -> list of names or indices of ImageNet classes')
    return class_map


def resolve_class_map(class_map: ClassMap, classes: Sequence[str]) -> List[List[int]]:
    """Look the ImageNet classes of each class up.

    Args:
        class_map: class name -> names (one of the synonyms of ImageNet-1k, such as 'brown bear')
            or indices. An empty list says that ImageNet knows no such class.
        classes: K class names of the data set.

    Returns:
        K lists of indices in [0, 1000).

    Raises:
        ValueError: if a class is missing, or an entry is unknown, ambiguous or used twice.
    """
    missing = [name for name in classes if name not in class_map]
    if missing:
        raise ValueError(f'class_map of TimmRegionClassifier has no entry for {missing}: list '
                         'their ImageNet classes, or [] where ImageNet has none')
    synonyms = _synonyms()
    resolved = [[_resolve(entry, synonyms) for entry in class_map[name]] for name in classes]
    owners: Dict[int, str] = {}
    for name, indices in zip(classes, resolved):
        for index in indices:
            if owners.setdefault(index, name) != name or indices.count(index) > 1:
                raise ValueError(f'class_map of TimmRegionClassifier gives the ImageNet class '
                                 f'{index} to {owners[index]!r} and {name!r}: list it once')
    return resolved


def _synonyms() -> Dict[str, List[int]]:
    """Lower-case synonym -> indices of the ImageNet-1k classes that have it."""
    synonyms: Dict[str, List[int]] = {}
    for index, description in enumerate(ImageNetInfo('imagenet-1k').label_descriptions()):
        for name in description.split(','):
            synonyms.setdefault(name.strip().lower(), []).append(index)
    return synonyms


def _resolve(entry: Union[str, int], synonyms: Dict[str, List[int]]) -> int:
    if isinstance(entry, int):
        found = [entry] if 0 <= entry < 1000 else []
    else:
        key = entry.strip().lower()
        found = synonyms[key] if key in synonyms else []
    if len(found) != 1:
        reason = f'is one of several: {found}' if found else 'is unknown'
        raise ValueError(f'the ImageNet class {entry!r} in class_map of TimmRegionClassifier '
                         f'{reason}; give a name of timm.data.ImageNetInfo or an index < 1000')
    return found[0]
