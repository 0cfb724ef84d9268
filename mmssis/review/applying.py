"""Decisions and annotations as steps of a review's journal."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from mmssis.utils.coco_file import read_content

from .decisions import PROPOSALS, Reviewed, read_decisions, review_id
from .journal import Journal, Step
from .merging import join_labels, leave_out, shape_of


def apply_decisions(journal: Journal, decisions: Path) -> Step:
    """Join the complete images to the labels.

    Images that are labeled already, by an earlier step, stay as they are.

    Args:
        journal: of the review.
        decisions: file that the page has downloaded.

    Returns:
        The step that was done.

    Raises:
        ValueError: if the file is wrong, or holds nothing new.
    """
    path = journal.folder / PROPOSALS
    proposals = read_content(path)
    unlabeled = read_content(journal.unlabeled)
    left = {image['file_name'] for image in unlabeled['images']}
    reviewed = [one for one in read_decisions(decisions, review_id(path), proposals)
                if one.image['file_name'] in left]
    if not reviewed:
        raise ValueError(f'{decisions} decides on no image that is not labeled yet: go on in the '
                         'page, or take the last step back with --undo')
    complete = [(one.image, one.annotations) for one in reviewed if one.is_complete]
    return _add(journal, decisions, unlabeled, complete, proposals['categories'],
                _to_annotate(reviewed, proposals['categories']))


def import_labels(journal: Journal, source: Path, content: Dict[str, Any]) -> Step:
    """Join images that were labeled elsewhere; they count as complete.

    Args:
        journal: of the review.
        source: file that they are from, for the journal.
        content: its COCO content; file names are those of the unlabeled images.

    Returns:
        The step that was done.

    Raises:
        ValueError: if an image is not one of the unlabeled images, or there is none.
    """
    unlabeled = read_content(journal.unlabeled)
    left = {image['file_name']: image for image in unlabeled['images']}
    if not content['images']:
        raise ValueError(f'{source} has no image')
    for image in content['images']:
        known = left.get(image['file_name'])
        if known is None:
            raise ValueError(f'{source}: image {image["file_name"]!r} is none of the unlabeled '
                             f'images in {journal.unlabeled}: it is labeled already, or another')
        if (image['width'], image['height']) != (known['width'], known['height']):
            raise ValueError(f'{source}: image {image["file_name"]!r} is {image["width"]} x '
                             f'{image["height"]}, and the unlabeled image {known["width"]} x '
                             f'{known["height"]} pixels')
    additions = [(image, [item for item in content['annotations']
                          if item['image_id'] == image['id']]) for image in content['images']]
    return _add(journal, source, unlabeled, additions, content['categories'], None)


def _add(journal: Journal, source: Path, unlabeled: Dict[str, Any],
         complete: Sequence[Tuple[dict, Sequence[dict]]], categories: Sequence[dict],
         to_annotate: Optional[Dict[str, Any]]) -> Step:
    """Join images and take them from the list."""
    names = [image['file_name'] for image, _ in complete]
    additions = [(dict(image, file_name=journal.name_for_labeled(image['file_name'])), items)
                 for image, items in complete]
    contents = dict(labeled=join_labels(read_content(journal.labeled), additions, categories),
                    unlabeled=leave_out(unlabeled, set(names)), to_annotate=to_annotate)
    return journal.add(source, contents, names)


def _to_annotate(reviewed: Sequence[Reviewed], categories: Sequence[dict]) -> Dict[str, Any]:
    """The incomplete images, with the labels that were accepted."""
    chosen = [one for one in reviewed if not one.is_complete]
    annotations: List[dict] = []
    for one in chosen:
        annotations += [dict(id=len(annotations) + i, image_id=one.image['id'],
                             category_id=item['category_id'], **shape_of(item, one.image))
                        for i, item in enumerate(one.annotations, 1)]
    return dict(images=[one.image for one in chosen], annotations=annotations,
                categories=list(categories))
