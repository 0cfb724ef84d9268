"""Images and labels as tasks of Label Studio, and back."""

from pathlib import Path
from typing import Any, Dict, List, Sequence
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np
from pycocotools import mask as coco_mask

from .brush_rle import decode_brush, encode_brush

LOCAL_FILES = '/data/local-files/?d='
"""How Label Studio names files of a local storage, relative to its document root."""
Content = Dict[str, Any]


def to_tasks(content: Content) -> List[dict]:
    """Tasks with the labels as predictions, which Label Studio shows to be corrected.

    Args:
        content: a COCO file whose masks are compressed RLE.

    Returns:
        One task for each image; its ``data`` keeps the file name, by which it is found again.
    """
    names = {category['id']: category['name'] for category in content['categories']}
    tasks = []
    for image in content['images']:
        results = [_result(item, image, names[item['category_id']])
                   for item in content['annotations'] if item['image_id'] == image['id']]
        tasks.append(dict(
            data=dict(image=LOCAL_FILES + quote(image['file_name']), file_name=image['file_name'],
                      width=image['width'], height=image['height']),
            predictions=[dict(model_version='mmssis', result=results)]))
    return tasks


def _result(item: dict, image: dict, name: str) -> Dict[str, Any]:
    """A label as a region of a task."""
    mask = coco_mask.decode(item['segmentation']).astype(bool)
    return dict(id=str(item['id']), type='brushlabels', from_name='label', to_name='image',
                original_width=image['width'], original_height=image['height'], image_rotation=0,
                value=dict(format='rle', rle=encode_brush(mask), brushlabels=[name]))


def labeling_interface(classes: Sequence[str]) -> str:
    """The labeling interface of a project, XML.

    Args:
        classes: class names.
    """
    labels = '\n'.join(f'    <Label value={quoteattr(name)}/>' for name in classes)
    return (f'<View>\n  <Image name="image" value="$image"/>\n  <BrushLabels name="label" '
            f'toName="image">\n{labels}\n  </BrushLabels>\n</View>\n')


def from_tasks(tasks: List[dict], classes: Sequence[str], path: Path) -> Content:
    """Labels of tasks that have an annotation; predictions alone are left out.

    Args:
        tasks: what Label Studio exports as JSON; regions are brush masks or polygons.
        classes: class names.
        path: of the file, for messages.

    Returns:
        A COCO file with compressed RLE; category ids are places in ``classes``, from 1.

    Raises:
        ValueError: if a task or a region is none of ours, with its place and the remedy.
    """
    ids = {name: i for i, name in enumerate(classes, 1)}
    images: List[dict] = []
    annotations: List[dict] = []
    for place, task in enumerate(tasks):
        data = task['data'] if isinstance(task, dict) and 'data' in task else {}
        if not {'file_name', 'width', 'height'} <= set(data):
            raise ValueError(f'{path}: task {place} has no data.file_name, width and height: '
                             'export the images with mmssis review --export labelstudio, and '
                             'label those tasks')
        done = [each for each in task.get('annotations', []) if not each.get('was_cancelled')]
        if not done:
            continue
        image = dict(id=len(images) + 1, file_name=data['file_name'], width=data['width'],
                     height=data['height'])
        images.append(image)
        for region in done[-1]['result']:
            where = f'{path}: task {place} ({data["file_name"]!r}), region {region.get("id")!r}'
            name, mask = _name_of(region, where), _rle_of(region, image, where)
            if name not in ids:
                raise ValueError(f'{where}: there is no class {name!r}; the classes are '
                                 f'{list(classes)}')
            annotations.append(dict(id=len(annotations) + 1, image_id=image['id'],
                                    category_id=ids[name], segmentation=mask))
    return dict(images=images, annotations=annotations,
                categories=[dict(id=i, name=name) for name, i in ids.items()])


def _name_of(region: dict, where: str) -> str:
    """The class of a region."""
    kind = region.get('type')
    if kind not in ('brushlabels', 'polygonlabels'):
        raise ValueError(f'{where} is of the type {kind!r}: use brush masks or polygons')
    names = region['value'].get(kind, [])
    if len(names) != 1:
        raise ValueError(f'{where} has the classes {names}: give it one')
    return names[0]


def _rle_of(region: dict, image: dict, where: str) -> Dict[str, Any]:
    """The mask of a region as compressed RLE."""
    height, width, value = image['height'], image['width'], region['value']
    if region['type'] == 'polygonlabels':
        # Points are in percent of the sides.
        points = (np.asarray(value['points'], float) * [width / 100, height / 100]).ravel().tolist()
        if len(points) < 6:
            raise ValueError(f'{where} has {len(points) // 2} points: a polygon needs 3')
        rle = coco_mask.merge(coco_mask.frPyObjects([points], height, width))
    else:
        try:
            mask = decode_brush(value['rle'], height, width)
        except ValueError as error:
            raise ValueError(f'{where}: {error}') from error
        rle = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return dict(rle, counts=rle['counts'].decode())
