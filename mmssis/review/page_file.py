"""The page of a review: pictures, pseudo labels and the script in one HTML file."""

from pathlib import Path
from typing import Any, Dict, List, Sequence

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from pycocotools import mask as coco_mask

from mmssis.datasets.transforms import LoadImageRobust
from mmssis.engine.atomic_backend import AtomicBackend
from mmssis.report.outlines import picture, svg_path

from .order import Place

LONGEST_SIDE = 800


def write_review_page(out: Path, title: str, review: str, proposals: Dict[str, Any],
                      images: Path, places: Sequence[Place],
                      palette: Sequence[Sequence[int]]) -> None:
    """Write the page; an earlier one is replaced once the new one is complete.

    Args:
        out: the HTML file.
        title: heading.
        review: of :func:`~mmssis.review.decisions.review_id`.
        proposals: pseudo labels as COCO, images in the order they are shown in; an annotation has
            ``score``, the class score, and may have ``mask_score``.
        images: folder that the file names are relative to.
        places: why each image stands where it stands, in the same order.
        palette: RGB colour of each category, in their order.

    Raises:
        UnreadableImageError: if an image cannot be read.
        WriteError: if the page cannot be written.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader('mmssis.review', 'page'),
                             PackageLoader('mmssis.report', 'page')]),
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    classes = [category['name'] for category in proposals['categories']]
    data = dict(review=review, classes=classes,
                palette=['#{:02x}{:02x}{:02x}'.format(*color) for color in palette],
                images=_images(proposals, images, places))
    text = environment.get_template('review.html').render(title=title, classes=classes,
                                                          script=data)
    AtomicBackend().put_text(text, out)


def _images(proposals: Dict[str, Any], folder: Path, places: Sequence[Place]) -> List[dict]:
    """Images with their pseudo labels, in types of JSON."""
    labels = {category['id']: i for i, category in enumerate(proposals['categories'])}
    items: Dict[Any, List[dict]] = {}
    for item in proposals['annotations']:
        items.setdefault(item['image_id'], []).append(item)
    load = LoadImageRobust()
    shown = []
    for image, place in zip(proposals['images'], places):
        pixels = load(dict(img_path=str(folder / image['file_name'])))['img'][..., ::-1]
        address, size = picture(pixels, LONGEST_SIDE)
        instances = [dict(id=str(item['id']), label=labels[item['category_id']],
                          path=svg_path(coco_mask.decode(item['segmentation']).astype(bool), size),
                          class_score=round(item['score'], 3),
                          mask_score=round(item['mask_score'], 3) if 'mask_score' in item else None)
                     for item in items.get(image['id'], [])]
        shown.append(dict(file_name=image['file_name'], picture=address, size=size,
                          reason=_reason(place), instances=instances))
    return shown


def _reason(place: Place) -> str:
    """Why an image stands where it stands."""
    return (f'disagreement {place.disagreement:.2f}, rarity {place.rarity:.2f}, '
            f'diversity {place.diversity:.2f}')
