"""COCO annotation files, read with checked types: the one door for everything that reads them."""

import json
import os
import re
import stat
from functools import lru_cache
from typing import Any, Iterator, List, Literal, NamedTuple, Optional, Tuple, Type, Union

import msgspec
from pycocotools import mask as coco_mask

from .coco_text import check_text, plain_json, unreadable

Id = Union[int, str]
MAX_SHOWN = 60

WHOLE = ('Give a COCO annotation file: {"images": [...], "annotations": [...], '
         '"categories": [...]}.')
REMEDIES = dict(
    images=WHOLE,
    annotations=WHOLE,
    categories=WHOLE,
    id='Give every entry an id of its own, a whole number.',
    image_id='Write the "id" of an image as it stands there, a number as a number.',
    category_id='Write the "id" of a category, a whole number.',
    file_name='Write the path of the image, relative to the folder of the images.',
    height='Write the size of the image in whole pixels.',
    width='Write the size of the image in whole pixels.',
    name='Give every category a name.',
    bbox='A box is [x, y, width, height], four numbers.',
    area='Write the number of pixels of the mask.',
    iscrowd='Write 0 or 1, or leave it out.',
    ignore='Write 0 or 1, or leave it out.',
    segmentation='A mask is a list of polygons [[x1, y1, x2, y2, ...], ...] or an RLE '
    '{"size": [height, width], "counts": ...}.')


class CocoImage(msgspec.Struct, gc=False):
    """An entry of ``images``; further fields are left out."""

    id: Id
    file_name: str
    height: int
    width: int


class CocoCategory(msgspec.Struct, gc=False):
    """An entry of ``categories``."""

    id: int
    name: str
    supercategory: Optional[str] = None


class CocoRle(msgspec.Struct, gc=False):
    """A run-length encoded mask: ``size`` is (height, width)."""

    size: Tuple[int, int]
    counts: Union[List[int], str]


class CocoBox(msgspec.Struct):
    """An entry of ``annotations`` without its mask; ``bbox`` is (x, y, width, height) in pixels."""

    id: Id
    image_id: Id
    category_id: int
    bbox: Tuple[float, float, float, float]
    area: Optional[float] = None
    iscrowd: Union[Literal[0, 1], bool] = 0
    ignore: Union[Literal[0, 1], bool] = 0


class CocoAnnotation(CocoBox):
    """An entry of ``annotations``: its mask is a list of polygons, an RLE, or None."""

    segmentation: Union[List[List[float]], CocoRle, None] = None


class _Content(msgspec.Struct):
    """A file whose annotations are split and not yet read."""

    images: List[CocoImage]
    categories: List[CocoCategory] = []
    annotations: List[msgspec.Raw] = []


class CocoFile:
    """A COCO file: images and categories in memory, annotations as the bytes of the file.

    Annotations are decoded one at a time, so that memory stays at the size of the file.

    Attributes:
        path: where the file is.
        images: its images, in its order.
        categories: its categories, in its order.
    """

    def __init__(self, path: str, content: _Content) -> None:
        self.path = path
        self.images = content.images
        self.categories = content.categories
        self._annotations = content.annotations

    @property
    def num_annotations(self) -> int:
        """Number of annotations."""
        return len(self._annotations)

    def annotations(self, kind: Type[CocoBox] = CocoAnnotation,
                    problems: Optional[List[str]] = None) -> Iterator[CocoBox]:
        """The annotations, in the order of the file.

        Args:
            kind: what to decode: :class:`CocoAnnotation`, or :class:`CocoBox`, which leaves masks
                unread and takes half the time.
            problems: takes up what is wrong in place of the error; that annotation is left out.

        Yields:
            One annotation after the other.

        Raises:
            ValueError: at an annotation of a wrong type, with file, place, value and remedy.
        """
        decode = msgspec.json.Decoder(kind).decode
        for index, raw in enumerate(self._annotations):
            try:
                yield decode(raw)
            except msgspec.ValidationError as error:
                place = f'$.annotations[{index}]'
                problem = _type_problem(str(error), place, plain_json(bytes(raw)))
                if problems is None:
                    raise ValueError(f'{self.path}: {problem}') from error
                problems.append(problem)


def read_coco(path: Union[str, os.PathLike]) -> CocoFile:
    """Read a COCO file; annotations are split, and decoded when they are asked for.

    mmdet and pycocotools read the same file with ``json``. What they cannot read is refused here
    with its cause: another encoding than UTF-8, a byte order mark, compression.

    Args:
        path: path of the file.

    Returns:
        The file.

    Raises:
        ValueError: if it is missing, no JSON, or no COCO file, or an image or a category has a
            field of a wrong type; with file, place, value and remedy.
    """
    path = str(path)
    data = _read_bytes(path)
    check_text(path, data)
    try:
        return CocoFile(path, msgspec.json.decode(data, type=_Content))
    except msgspec.ValidationError as error:
        try:
            content = plain_json(data)
        except (ValueError, RecursionError) as fault:
            raise unreadable(path, data, fault) from fault
        problem = _type_problem(str(error), '$', content)
        raise ValueError(f'{path}: {problem}') from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise unreadable(path, data, error) from error


class Scan(NamedTuple):
    """What is to be known of a file before its data set is built.

    Attributes:
        categories: its categories, in its order.
        has_areas: whether every annotation has an ``area``.
    """

    categories: Tuple[CocoCategory, ...]
    has_areas: bool


def scan_coco(path: Union[str, os.PathLike]) -> Scan:
    """Read a COCO file once, masks left out; a file that did not change is not read again.

    Args:
        path: path of the file.

    Returns:
        Its categories, and whether it has areas.

    Raises:
        ValueError: as :func:`read_coco`, and at an annotation of a wrong type.
    """
    return _scan(str(path), file_stamp(path))


def file_stamp(path: Union[str, os.PathLike]) -> Optional[Tuple[int, int]]:
    """Time and size of a file, by which a change is seen; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=16)
def _scan(path: str, _: Optional[Tuple[int, int]]) -> Scan:
    """See :func:`scan_coco`."""
    coco = read_coco(path)
    without = sum(annotation.area is None for annotation in coco.annotations(CocoBox))
    return Scan(tuple(coco.categories), not without)


def read_content(path: Union[str, os.PathLike]) -> dict:
    """Read a COCO file as plain dicts, with every field that it has.

    Args:
        path: path of the file.

    Returns:
        The content, with lists under ``images``, ``annotations`` and ``categories``; types are
        checked as by :func:`read_coco`.

    Raises:
        ValueError: as :func:`read_coco`, and at an annotation of a wrong type.
    """
    for _ in read_coco(path).annotations():
        pass
    data = _read_bytes(str(path))
    try:
        return dict(dict(annotations=[], categories=[]), **msgspec.json.decode(data))
    except (msgspec.DecodeError, RecursionError) as error:
        raise unreadable(str(path), data, error) from error


def to_rle(mask: Union[List[List[float]], CocoRle, None], height: int,
           width: int) -> Optional[dict]:
    """A mask as pycocotools' compressed RLE.

    Args:
        mask: ``segmentation`` of an annotation that was found right: pycocotools trusts numbers.
        height: rows of the image.
        width: columns of the image.

    Returns:
        ``size`` and ``counts``; None where there is no mask. Polygons of fewer than 3 points are
        left out: pycocotools would take 2 points for a box.
    """
    if isinstance(mask, CocoRle):
        rle = dict(size=list(mask.size), counts=mask.counts)
        return rle if isinstance(mask.counts, str) else coco_mask.frPyObjects(rle, height, width)
    polygons = [polygon for polygon in mask or [] if len(polygon) >= 6]
    if not polygons:
        return None
    return coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))


def _read_bytes(path: str) -> bytes:
    """The bytes of a regular file; opening a pipe would wait for ever."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ValueError(f'{path} is a folder or a device: give a COCO annotation file.')
        with open(path, 'rb') as file:
            return file.read()
    except OSError as error:
        raise ValueError(f'Cannot read the annotation file {path}: {error}.') from error


def _type_problem(error: str, place: str, item: Any) -> str:
    """What has a wrong type, in words.

    Args:
        error: msgspec's message, such as "Expected `float`, got `null` - at `$.bbox[2]`".
        place: JSON path of ``item``.
        item: what was decoded.
    """
    reason, _, path = error.partition(' - at `$')
    path = path.rstrip('`')
    fields, ids, value = [], _ids_of(item), item
    for field, index in re.findall(r'\.(\w+)|\[(\d+)\]', path):
        fields.append(field)
        value = value[field] if field else value[int(index)]
        ids = _ids_of(value) or ids
    missing = re.match('Object missing required field `(.*)`', reason)
    fields += [missing[1]] if missing else []
    remedy = next((REMEDIES[field] for field in reversed(fields) if field in REMEDIES), WHOLE)
    if missing:
        return f'{place}{path}{ids} has no "{missing[1]}". {remedy}'
    text = json.dumps(value, ensure_ascii=False)
    text = text if len(text) <= MAX_SHOWN else f'{text[:MAX_SHOWN]}...'
    return f'{place}{path}{ids} is {text}: {reason[0].lower()}{reason[1:]}. {remedy}'


def _ids_of(entry: Any) -> str:
    """The ids of an entry, for a message."""
    if not isinstance(entry, dict) or 'id' not in entry:
        return ''
    of_image = f' of image {entry["image_id"]!r}' if 'image_id' in entry else ''
    return f' (id {entry["id"]!r}{of_image})'
