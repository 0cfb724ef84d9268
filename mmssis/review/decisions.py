"""Decisions on pseudo labels, as the page of a review writes them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Literal, Optional

import msgspec

PROPOSALS = 'proposals.json'


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """What was decided on a pseudo label; ``category`` is another class than the proposed one."""

    decision: Literal['accept', 'reject']
    category: Optional[str] = None


class ImageDecisions(msgspec.Struct, forbid_unknown_fields=True):
    """What was decided on an image: ids of its pseudo labels, as text, to the decisions.

    ``status``: 'complete' where every object has an accepted label, 'incomplete' where some have
    none, 'open' before the last decision.
    """

    file_name: str
    status: Literal['open', 'complete', 'incomplete']
    instances: Dict[str, Decision]


class Decisions(msgspec.Struct, forbid_unknown_fields=True):
    """The file; ``review`` says which proposals the decisions are about."""

    review: str
    images: List[ImageDecisions]


@dataclass(frozen=True)
class Reviewed:
    """An image that was decided on.

    Attributes:
        image: its entry in the proposals.
        annotations: the accepted ones, with the class that was decided.
        is_complete: whether every object has one.
    """

    image: Dict[str, Any]
    annotations: List[Dict[str, Any]]
    is_complete: bool


def review_id(proposals: Path) -> str:
    """What tells the proposals of one review from those of another."""
    return hashlib.sha256(proposals.read_bytes()).hexdigest()[:16]


def read_decisions(path: Path, review: str, proposals: Dict[str, Any]) -> List[Reviewed]:
    """Read decisions and check them against the proposals.

    Args:
        path: the file.
        review: :func:`review_id` of the proposals.
        proposals: their content, a COCO file.

    Returns:
        The images that are complete or incomplete, in the order of the file; open ones are left
        out.

    Raises:
        ValueError: if the file cannot be read, belongs to another review, or names an image, a
            label or a class that the review does not have; or a complete image has a label without
            a decision.
    """
    try:
        decisions = msgspec.json.decode(path.read_bytes(), type=Decisions)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f'{path} cannot be read ({error}): give the file that the page of the '
                         'review has downloaded') from error
    if decisions.review != review:
        raise ValueError(f'{path} decides on review {decisions.review!r}, and this is {review!r}: '
                         'name the folder of its review with --out')
    return _Reader(path, proposals).read(decisions)


class _Reader:
    """Looks decisions up in the proposals."""

    def __init__(self, path: Path, proposals: Dict[str, Any]) -> None:
        self.path = path
        self.images = {image['file_name']: image for image in proposals['images']}
        self.categories = {each['name']: each['id'] for each in proposals['categories']}
        self.annotations: Dict[Any, Dict[str, dict]] = {}
        for item in proposals['annotations']:
            self.annotations.setdefault(item['image_id'], {})[str(item['id'])] = item

    def read(self, decisions: Decisions) -> List[Reviewed]:
        """All images that were decided on."""
        names = [one.file_name for one in decisions.images]
        for name in names:
            if name not in self.images:
                raise ValueError(f'{self.path}: image {name!r} is not in the review')
            if names.count(name) > 1:
                raise ValueError(f'{self.path}: image {name!r} is there twice')
        return [self._image(one) for one in decisions.images if one.status != 'open']

    def _image(self, one: ImageDecisions) -> Reviewed:
        """One image."""
        image = self.images[one.file_name]
        proposed = self.annotations.get(image['id'], {})
        for key in one.instances:
            if key not in proposed:
                raise ValueError(f'{self.path}: image {one.file_name!r} has no label {key!r}')
        open_ones = sorted(set(proposed) - set(one.instances), key=int)
        if one.status == 'complete' and open_ones:
            raise ValueError(f'{self.path}: image {one.file_name!r} is complete, but there is no '
                             f'decision on its label {open_ones[0]}: decide on it in the page')
        accepted = [self._decided(one.file_name, item, one.instances[key])
                    for key, item in proposed.items()
                    if key in one.instances and one.instances[key].decision == 'accept']
        return Reviewed(image, accepted, one.status == 'complete')

    def _decided(self, name: str, item: Dict[str, Any], decision: Decision) -> Dict[str, Any]:
        """An accepted label with the class that was decided."""
        if decision.category is None:
            return dict(item)
        if decision.category not in self.categories:
            raise ValueError(f'{self.path}: image {name!r}, label {item["id"]}: there is no class '
                             f'{decision.category!r}; the classes are {list(self.categories)}')
        return dict(item, category_id=self.categories[decision.category])
