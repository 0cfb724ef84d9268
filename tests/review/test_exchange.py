"""What goes to a tool for annotation comes back as it was."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from toy_review import CLASSES, rle, write_decisions, write_toy_review

from mmssis.review.applying import apply_decisions, import_labels
from mmssis.review.brush_rle import decode_brush, encode_brush
from mmssis.review.exchange import export_file, read_labels, run_lengths


@pytest.fixture
def journal(tmp_path):
    return write_toy_review(tmp_path)


def read(path):
    return json.loads(path.read_text(encoding='utf-8'))


def masks(kind):
    """Masks that are hard to encode."""
    shape = (300, 250) if kind == 'long runs' else (5, 7)
    mask = np.zeros(shape, bool)
    if kind == 'full':
        mask[:] = True
    elif kind == 'corner':
        mask[0, 0] = True
    elif kind == 'noise':
        mask = np.random.RandomState(0).rand(*shape) > 0.5
    return mask


@pytest.mark.parametrize('kind', ['empty', 'full', 'corner', 'noise', 'long runs'])
def test_codecs(kind):
    mask = masks(kind)
    assert (decode_brush(encode_brush(mask), *mask.shape) == mask).all()
    counts = run_lengths(mask)
    expected = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    assert coco_mask.frPyObjects(dict(size=mask.shape, counts=counts), *mask.shape) == dict(
        expected, size=list(mask.shape))


def test_a_brush_stream_with_literal_values():
    # Two pixels: 8 values, 4 bits each; the lengths have 3, 4, 8 and 16 bits.
    bits = f'{8:032b}' + f'{3:05b}' + ''.join(f'{n - 1:04b}' for n in (3, 4, 8, 16))
    bits += '0' + '00' + '111' + '0000' * 4 + '0001' * 4
    bits += '0' * (-len(bits) % 8)
    stream = [int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)]
    assert decode_brush(stream, 1, 2).tolist() == [[False, True]]
    with pytest.raises(ValueError, match='ends too early'):
        decode_brush(stream[:-2], 1, 2)
    with pytest.raises(ValueError, match='8 values'):
        decode_brush(stream, 2, 2)


def annotated(file):
    """What Label Studio exports when the predictions were accepted."""
    tasks = [dict(data=task['data'], annotations=[dict(result=task['predictions'][0]['result'])])
             for task in read(file)]
    file.write_text(json.dumps(tasks))


@pytest.mark.parametrize('kind', ['cvat', 'labelstudio'])
def test_round_trip(journal, tmp_path, kind):
    file = tmp_path / 'tool.json'
    assert export_file(journal, kind, file) == 3
    if kind == 'labelstudio':
        annotated(file)
        assert 'nut "M4"' in (tmp_path / 'tool.xml').read_text(encoding='utf-8')
    proposals = read(journal.folder / 'proposals.json')
    import_labels(journal, file, read_labels(file, journal))
    content = read(journal.labeled)
    names = {each['id']: each['name'] for each in content['categories']}
    new = content['annotations'][1:]
    assert [item['segmentation'] for item in new] == [
        item['segmentation'] for item in proposals['annotations']]
    assert [names[item['category_id']] for item in new] == [CLASSES[0], CLASSES[1], CLASSES[0]]
    assert not any(item['iscrowd'] for item in new)
    assert [each['file_name'] for each in content['images'][1:]] == [
        '../more/a.jpg', '../more/sub/b.jpg', '../more/empty.jpg']


def test_polygons(journal, tmp_path):
    file = tmp_path / 'tool.json'
    export_file(journal, 'labelstudio', file)
    annotated(file)
    tasks = read(file)[:1]
    # The rectangle of label 1, in percent of 40 x 30 pixels.
    left, top, right, bottom = 2 / 40, 2 / 30, 10 / 40, 10 / 30
    tasks[0]['annotations'][0]['result'] = [dict(
        id='p', type='polygonlabels', value=dict(polygonlabels=[CLASSES[1]], points=[
            [100 * x, 100 * y] for x, y in
            ((left, top), (right, top), (right, bottom), (left, bottom))]))]
    file.write_text(json.dumps(tasks))
    item, = read_labels(file, journal)['annotations']
    assert coco_mask.iou([item['segmentation']], [rle(2, 2, 8, 8)], [0])[0, 0] > 0.99


def test_only_incomplete_images_go_after_decisions(journal, tmp_path):
    apply_decisions(journal, write_decisions(tmp_path, {
        'a.jpg': ('incomplete', {'2': 'accept'}), 'sub/b.jpg': ('complete', {'3': 'accept'})}))
    assert export_file(journal, 'cvat', tmp_path / 'tool.json') == 1
    content = read(tmp_path / 'tool.json')
    assert content['images'][0]['file_name'] == 'a.jpg' and len(content['annotations']) == 1
    import_labels(journal, tmp_path, read_labels(tmp_path / 'tool.json', journal))
    with pytest.raises(ValueError, match='no image to be labeled'):
        export_file(journal, 'cvat', tmp_path / 'again.json')


def task(**change):
    """A task of Label Studio."""
    region = dict(dict(id='x', type='brushlabels', value=dict(
        rle=encode_brush(np.ones((30, 40), bool)), brushlabels=[CLASSES[0]])), **change)
    return dict(data=dict(file_name='a.jpg', width=40, height=30),
                annotations=[dict(result=[region])])


@pytest.mark.parametrize('content, message', [
    pytest.param('[{"data": {"image": "x"}}]', 'task 0 has no data.file_name', id='other tasks'),
    pytest.param([task(type='rectanglelabels')], "type 'rectanglelabels'", id='boxes'),
    pytest.param([task(value=dict(rle=[], brushlabels=['bolt']))], 'ends too early', id='damaged'),
    pytest.param([task(value=dict(rle=encode_brush(np.ones((30, 40), bool)),
                                  brushlabels=['bolt']))], "no class 'bolt'", id='class'),
    pytest.param([task(value=dict(rle=[], brushlabels=[]))], 'give it one', id='no class'),
    pytest.param([task(type='polygonlabels', value=dict(
        points=[[0, 0], [9, 9]], polygonlabels=[CLASSES[0]]))], 'needs 3', id='a line'),
    pytest.param('{"images": [', 'cannot be read', id='half a file'),
    pytest.param('{"images": [{"id": 1}]}', 'file_name', id='no COCO file'),
])
def test_wrong_files(journal, tmp_path, content, message):
    file = tmp_path / 'tool.json'
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ValueError, match=message):
        read_labels(file, journal)


def test_tasks_without_an_annotation_are_left_out(journal, tmp_path):
    file = tmp_path / 'tool.json'
    export_file(journal, 'labelstudio', file)
    assert read_labels(file, journal)['images'] == []
