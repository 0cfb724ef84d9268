"""Mutations of a COCO file."""

import copy
import gzip
import json
from typing import Any, Callable, List, NamedTuple, Tuple

from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from .world import SIZE, square

VALUES = [float('nan'), float('inf'), 1e300, 1e12, 10**30, -1, 0, 1, 0.5, 2**31, '1', 'x', '', None,
          True, [], {}, [1], [[5, 5, 20, 20]], [[]], '\ud800', 'a/../b', '{{ $HOME:x }}']
Path = Tuple[Any, ...]


class CocoInput(NamedTuple):
    """A mutated file.

    Attributes:
        label: what was done to it.
        part: 'labeled' or 'val', the file that it stands for.
        data: its bytes.
        content: what the bytes say; None where they are no JSON in UTF-8.
    """

    label: str
    part: str
    data: bytes
    content: Any


@st.composite
def coco_inputs(draw: Callable, files: dict) -> CocoInput:
    """One of the files, with one or two changes.

    Args:
        draw: from Hypothesis.
        files: contents by part.
    """
    part = draw(st.sampled_from(['labeled', 'labeled', 'val']))
    content = copy.deepcopy(files[part])
    labels = [draw(st.sampled_from(CHANGES))(draw, content)
              for _ in range(draw(st.sampled_from([1, 1, 2])))]
    data = json.dumps(content).encode()
    if draw(st.integers(0, 7)) == 0:
        name, change, keeps = draw(st.sampled_from(TEXTS))
        return CocoInput(f'{labels}, {name}', part, change(draw, data), content if keeps else None)
    return CocoInput(f'{part}: {labels}', part, data, json.loads(data))


def _places(node: Any, place: Path = ()) -> List[Path]:
    """Every place below a node."""
    items = node.items() if isinstance(node, dict) else (
        enumerate(node) if isinstance(node, list) else ())
    return [found for key, child in items
            for found in ((*place, key), *_places(child, (*place, key)))]


def _parent(content: Any, place: Path) -> Any:
    """The list or dict that holds a place."""
    for key in place[:-1]:
        content = content[key]
    return content


def _set(draw: Callable, content: Any) -> str:
    """Another value anywhere."""
    place, value = draw(st.sampled_from(_places(content))), draw(st.sampled_from(VALUES))
    _parent(content, place)[place[-1]] = value
    return f'{place} = {value!r}'


def _delete(draw: Callable, content: Any) -> str:
    """An entry or field less."""
    place = draw(st.sampled_from(_places(content)))
    del _parent(content, place)[place[-1]]
    return f'without {place}'


def _repeat(draw: Callable, content: Any) -> str:
    """An entry twice."""
    key = draw(st.sampled_from([key for key in content if content[key]] or ['images']))
    if isinstance(content.get(key), list) and content[key]:
        content[key].append(copy.deepcopy(content[key][0]))
    return f'{key}[0] twice'


def _everywhere(draw: Callable, content: Any) -> str:
    """The same change of every annotation, or of the first ones."""
    name, change = draw(st.sampled_from(EVERYWHERE))
    annotations = content.get('annotations')
    chosen = annotations if isinstance(annotations, list) else []
    chosen = chosen[:draw(st.sampled_from([1, len(chosen)]))]
    for annotation in chosen:
        try:
            change(annotation)
        except (TypeError, KeyError, IndexError, AttributeError, ValueError):
            pass  # An earlier change took away what this one needs.
    return f'{name} of {len(chosen)}'


def _categories(draw: Callable, content: Any) -> str:
    """Categories in another order, or one more."""
    categories = content.get('categories')
    if not isinstance(categories, list):
        return 'nothing'
    if draw(st.booleans()):
        categories.reverse()
        return 'categories reversed'
    categories.insert(0, dict(id=draw(st.sampled_from([0, 9])),
                              name=draw(st.sampled_from(['root', 'square']))))
    return f'categories begin with {categories[0]}'


def _rle(counts: Any, size: Any = (SIZE, SIZE)) -> Callable:
    """Set an RLE."""
    return lambda a: a.update(segmentation=dict(size=list(size), counts=counts))


def _as_rle(compressed: bool) -> Callable:
    """The box as a right RLE."""
    def change(annotation: dict) -> None:
        mask = square(*annotation['bbox'])
        counts, last = [0], 0
        for pixel in mask.flatten(order='F').tolist():
            if pixel != last:
                counts.append(0)
                last = pixel
            counts[-1] += 1
        rle = dict(size=[SIZE, SIZE], counts=counts)
        if compressed:
            rle = coco_mask.frPyObjects(rle, SIZE, SIZE)
            rle['counts'] = rle['counts'].decode()
        annotation['segmentation'] = rle
    return change


def _corners(annotation: dict) -> None:
    """A box as two corners."""
    x, y, w, h = annotation['bbox']
    annotation['bbox'] = [x, y, x + w, y + h]


def _shares(annotation: dict) -> None:
    """A box in shares of the image."""
    annotation['bbox'] = [value / SIZE for value in annotation['bbox']]


EVERYWHERE = [
    ('iscrowd', lambda a: a.update(iscrowd=1)), ('area 0', lambda a: a.update(area=0)),
    ('no iscrowd', lambda a: a.pop('iscrowd')), ('no area', lambda a: a.pop('area')),
    ('ignore', lambda a: a.update(ignore=1)), ('no mask', lambda a: a.pop('segmentation')),
    ('id from 0', lambda a: a.update(id=a['id'] - 1)),
    ('id text', lambda a: a.update(id=str(a['id']))),
    ('image_id text', lambda a: a.update(image_id=str(a['image_id']))),
    ('category_id text', lambda a: a.update(category_id=str(a['category_id']))),
    ('corners', _corners), ('shares', _shares),
    ('box far off', lambda a: a.update(bbox=[900, 9, 9, 9])),
    ('RLE', _as_rle(False)), ('compressed RLE', _as_rle(True)),
    ('RLE short', _rle([0, 100])), ('RLE empty', _rle([])), ('RLE text empty', _rle('')),
    ('RLE long', _rle([0, 10**6])), ('RLE negative', _rle([10, -10, SIZE * SIZE])),
    ('RLE garbage', _rle('garbage')), ('RLE of long text', _rle('1' * 10**5)),
    ('RLE of other size', _rle([0, SIZE * SIZE // 2], (SIZE, SIZE // 2))),
    ('polygon of 2 points', lambda a: a.update(segmentation=[[5, 5, 20, 20]])),
    ('polygon odd', lambda a: a['segmentation'][0].pop()),
    ('polygon flat', lambda a: a.update(segmentation=a['segmentation'][0])),
    ('polygon twice', lambda a: a['segmentation'].append(list(a['segmentation'][0]))),
    ('polygon off', lambda a: a.update(segmentation=[[v + 900 for v in a['segmentation'][0]]])),
    ('polygon NaN', lambda a: a['segmentation'][0].append(float('nan'))),
    ('extra field', lambda a: a.update(attributes=dict(a=1))),
]
CHANGES = [_set, _set, _set, _delete, _repeat, _everywhere, _everywhere, _everywhere, _categories]
# What is done to the bytes, and whether they still say the same.
TEXTS: List[Tuple[str, Callable, bool]] = [
    ('BOM', lambda draw, data: b'\xef\xbb\xbf' + data, True),
    ('UTF-16', lambda draw, data: data.decode().encode('utf-16'), True),
    ('Latin-1', lambda draw, data: data.replace(b'"file_name"', b'"\xe9": 1, "file_name"', 1),
     False),
    ('gzip', lambda draw, data: gzip.compress(data), True),
    ('cut off', lambda draw, data: data[:draw(st.integers(0, len(data) - 1))], False),
    ('trailing', lambda draw, data: data + b'}', False),
    ('lines', lambda draw, data: data + b'\n' + data, False),
    ('deep', lambda draw, data: b'[' * 10**5, False),
    ('long number', lambda draw, data: data.replace(
        b'"id": 1,', b'"id": ' + b'1' * 6000 + b',', 1), False),
    ('XML', lambda draw, data: b'<annotation/>', False),
]
