"""Statistics of labeled files: what counts is what mmdet learns from."""

import pytest
from pycocotools import mask as coco_mask
from toy_data import write_json
from toy_offline import CLASSES, labeled_content, labeled_file

from mmssis.offline.label_statistics import read_label_statistics


@pytest.fixture
def read(tmp_path):
    """Statistics of a content."""
    return lambda content, classes=CLASSES: read_label_statistics(
        write_json(tmp_path / 'labeled.json', content), classes)


TRIANGLE = [[4, 4, 12, 4, 4, 12]]
PIXELS = int(coco_mask.area(coco_mask.frPyObjects(TRIANGLE, 40, 60))[0])


def test_counts_by_class(tmp_path):
    found = read_label_statistics(labeled_file(tmp_path, num_images=5), CLASSES)
    assert found.counts.tolist() == [3, 2, 0] and found.num_images == 5
    assert found.instances_per_image.tolist() == [0.6, 0.4, 0]
    assert found.classes_without_instance == ['emu']
    assert [category['id'] for category in found.categories] == [10, 20, 30]
    assert found.foreground_fraction == pytest.approx(PIXELS / 64)


def test_images_without_instance_count(read):
    content = labeled_content()
    content['annotations'] = content['annotations'][:1]
    assert read(content).instances_per_image.tolist() == [0.25, 0, 0]


def test_categories_that_the_model_lacks_do_not_count(read):
    found = read(labeled_content(), classes=('dog', 'emu'))
    assert found.counts.tolist() == [2, 0]
    assert [category['id'] for category in found.categories] == [20, 30]


@pytest.mark.parametrize('change', [
    pytest.param(dict(iscrowd=1), id='crowd'),
    pytest.param(dict(bbox=[4, 4, 0.5, 8]), id='less than a pixel wide'),
    pytest.param(dict(area=0), id='no area'),
    pytest.param(dict(segmentation=[]), id='no mask'),
])
def test_what_mmdet_leaves_out_does_not_count(change, read):
    content = labeled_content()
    content['annotations'][0].update(change)
    found = read(content)
    assert found.counts.tolist() == [1, 2, 0]
    assert found.foreground_fraction == pytest.approx(PIXELS / 64)


RLE = coco_mask.frPyObjects(TRIANGLE, 40, 60)[0]


@pytest.mark.parametrize('segmentation, pixels', [
    pytest.param(TRIANGLE, PIXELS, id='polygon'),
    pytest.param(TRIANGLE * 2, PIXELS, id='two parts that overlap'),
    pytest.param([[4, 4, 8, 4, 8, 8, 4, 8], [8, 8, 12, 8, 12, 12, 8, 12]], 32, id='two parts'),
    pytest.param(dict(size=[40, 60], counts=RLE['counts'].decode()), PIXELS, id='compressed RLE'),
    pytest.param(dict(size=[40, 60], counts=[164, 8, 32, 4, 40 * 60 - 208]), 12, id='RLE'),
])
def test_kinds_of_masks(segmentation, pixels, read):
    content = labeled_content(num_images=1)
    content['annotations'][0]['segmentation'] = segmentation
    assert read(content).foreground_fraction == pytest.approx(pixels / 64)


@pytest.mark.parametrize('bbox, segmentation, fraction', [
    pytest.param([0, 0, 6, 6], [[0, 0, 12, 0, 12, 12, 0, 12]], 1.0, id='mask beyond its box'),
    pytest.param([-4, 0, 8, 8], [[-4, 0, 4, 0, 4, 8, -4, 8]], 1.0, id='box beyond the image'),
])
def test_fractions_stay_fractions(bbox, segmentation, fraction, read):
    content = labeled_content(num_images=1)
    content['annotations'][0].update(bbox=bbox, segmentation=segmentation)
    assert read(content).foreground_fraction == fraction


def test_large_instances_weigh_more(read):
    content = labeled_content(num_images=2)
    content['annotations'][1].update(
        bbox=[0, 0, 40, 20], segmentation=[[0, 0, 40, 0, 40, 20, 0, 20]])
    assert read(content).foreground_fraction == pytest.approx((PIXELS + 800) / 864)


def without_annotations():
    return dict(labeled_content(), annotations=[])


@pytest.mark.parametrize('content, classes, message', [
    pytest.param(without_annotations(), CLASSES, 'none of its 4 images has an instance', id='none'),
    pytest.param(labeled_content(num_images=0), CLASSES, 'lists no image', id='no image'),
    pytest.param(labeled_content(), ('cat', 'fox'), r"lack \['fox'\]",
                 id='a class'),
    pytest.param(labeled_content(), ('dog', 'cat'), 'order', id='order'),
    pytest.param([], CLASSES, 'Give a COCO', id='no COCO'),
])
def test_refuses(content, classes, message, read):
    with pytest.raises(ValueError, match=f'labeled.json.*{message}'):
        read(content, classes)
