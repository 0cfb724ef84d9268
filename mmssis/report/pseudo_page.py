"""The content of the page of a folder of pseudo labels that were made once, offline."""

import random
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from tqdm import tqdm

from mmssis.datasets.checks.quietly import quietly
from mmssis.datasets.image_errors import UnreadableImageError
from mmssis.datasets.transforms import LoadImageRobust
from mmssis.offline.doubts import doubts
from mmssis.utils.class_names import make_palette

from .gallery import SEED
from .outlines import picture, svg_path

PSEUDO_LABELS = 'pseudo_labels.json'


def pseudo_page(folder: Path, num_images: int, image_root: Optional[Path]) -> Dict[str, Any]:
    """Everything that the page of a folder of pseudo labels shows.

    Args:
        folder: holds ``pseudo_labels.json``.
        num_images: images in the gallery, drawn by a fixed seed.
        image_root: folder that the file names of the images are relative to; None leaves the
            gallery out.

    Returns:
        ``labels``, ``taught`` and what is shared by both kinds of pages.

    Raises:
        ValueError: if the file is no COCO file.
    """
    coco = _read(folder / PSEUDO_LABELS)
    categories = sorted(coco.dataset['categories'], key=lambda category: category['id'])
    classes = [category['name'] for category in categories]
    colors = make_palette(max(len(classes), 1))
    return dict(
        title=folder.resolve().name, classes=classes,
        palette=['#{:02x}{:02x}{:02x}'.format(*color) for color in colors],
        labels=_account(coco, categories),
        taught=_gallery(coco, categories, num_images, image_root))


def _read(path: Path) -> COCO:
    """The file of the pseudo labels."""
    try:
        with quietly():
            coco = COCO(str(path))
        missing = {'images', 'annotations', 'categories'} - set(coco.dataset)
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise ValueError(f'{path} is no COCO file ({error}): write it with mmssis label') from error
    if missing:
        raise ValueError(f'{path} lacks {", ".join(sorted(missing))}: write it with mmssis label')
    return coco


def _account(coco: COCO, categories: List[dict]) -> Dict[str, Any]:
    """Counts and thresholds by class, and what speaks against training on them."""
    info = coco.dataset['info'] if isinstance(coco.dataset.get('info'), dict) else {}
    provenance = info['provenance'] if 'provenance' in info else {}
    matched = provenance if 'thresholds' in provenance else None
    counts = Counter(item['category_id'] for item in coco.dataset['annotations'])
    rows = [dict(name=category['name'], labels=counts[category['id']],
                 **_provenance_of(category['name'], matched)) for category in categories]
    none = [row['name'] for row in rows if not row['labels']]
    return dict(
        rows=rows, images=len(coco.dataset['images']), labels=len(coco.dataset['annotations']),
        empty=sum(not coco.imgToAnns[image['id']] for image in coco.dataset['images']),
        pixel=matched and matched['thresholds']['pixel'], has_thresholds=matched is not None,
        num_labeled=matched and matched['num_images']['labeled'],
        warnings=_warnings(matched, none), generation=provenance.get('generation'))


def _provenance_of(name: str, matched: Optional[dict]) -> Dict[str, Any]:
    """Numbers that the tool has written beside its labels."""
    if matched is None or name not in matched['classes']:
        return dict(detections=None, threshold=None, labeled=None)
    row = matched['classes'][name]
    return dict(detections=row['detections'], labeled=row['labeled'],
                threshold=matched['thresholds']['classes'][name])


def _warnings(matched: Optional[dict], none: List[str]) -> List[str]:
    """Signs that the labels are of little use."""
    found = doubts(matched) if matched else []
    told = {name for name in none if matched and not matched['classes'][name]['detections']}
    rest = [name for name in none if name not in told]
    if rest:
        found.append(f'No pseudo label at all: {", ".join(rest)}. The student learns these classes '
                     'from the labeled images alone.')
    return found


def _gallery(coco: COCO, categories: List[dict], num_images: int, image_root: Optional[Path]
             ) -> Dict[str, Any]:
    """Images with their pseudo labels."""
    if image_root is None:
        return dict(missing='The file does not say where the images are: give --image-root FOLDER '
                    'to see them.')
    images = coco.dataset['images']
    drawn = sorted(random.Random(SEED).sample(range(len(images)), min(num_images, len(images))))
    labels = {category['id']: label for label, category in enumerate(categories)}
    load, shown, unreadable = LoadImageRobust(), [], []
    for place in tqdm(drawn, desc='images', unit='image'):
        image = images[place]
        try:
            shown.append(_show(coco, image, str(image_root / image['file_name']), labels, load))
        except (UnreadableImageError, FileNotFoundError) as error:
            unreadable.append(str(error))
    return dict(images=shown, unreadable=unreadable, of=len(images), hidden=False,
                stages=[dict(name='pseudo labels', type='')])


def _show(coco: COCO, image: dict, path: str, labels: Dict[Any, int], load: LoadImageRobust
          ) -> Dict[str, Any]:
    """An image as data of a page."""
    address, size = picture(load(dict(img_path=path))['img'][..., ::-1])
    paths: List[str] = []
    instances = []
    for number, item in enumerate(sorted(coco.imgToAnns[image['id']], key=_score, reverse=True)):
        paths.append(_outline(coco, item, size))
        mask_score = item['mask_score'] if 'mask_score' in item else None
        instances.append(dict(number=number, label=labels[item['category_id']], path=number,
                              class_score=_score(item), mask_score=mask_score, note=''))
    stage = dict(count=len(instances), instances=instances, dropped=[],
                 why_empty='' if instances else 'No pseudo label for this image.')
    return dict(name=path, picture=address, size=size, stages=[stage], fates={}, truth=None,
                uncertainty=None, paths=paths)


def _score(item: dict) -> float:
    """Score of an annotation; 1 where it has none."""
    return round(item['score'], 3) if 'score' in item else 1.0


def _outline(coco: COCO, item: dict, size: Tuple[int, int]) -> str:
    """Outline of an annotation on its picture."""
    return svg_path(coco_mask.decode(coco.annToRLE(item)).astype(bool), size)
