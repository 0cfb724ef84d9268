"""Instances as classes: one mask per class to learn from, one map to evaluate with."""

import numpy as np
import pytest
import torch
from mmdet.datasets.transforms import LoadAnnotations, PackDetInputs
from mmdet.evaluation import SemSegMetric
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.visualization import DetLocalVisualizer
from mmengine.dataset import Compose
from mmengine.structures import PixelData
from reference import semantic_equations

SQUARES = {'a': (2, 2, 8, 8), 'b': (6, 6, 12, 12), 'c': (20, 0, 32, 10)}


def sample(*squares, crowd=(), poly2mask=True):
    """A loaded image of 24 x 32 with squares, given as (name, label)."""
    instances = []
    for name, label in squares:
        x1, y1, x2, y2 = SQUARES[name]
        instances.append(dict(bbox=[x1, y1, x2, y2], bbox_label=label, ignore_flag=name in crowd,
                              mask=[[x1, y1, x2, y1, x2, y2, x1, y2]]))
    results = dict(img=np.zeros((24, 32, 3), np.uint8), img_shape=(24, 32), ori_shape=(24, 32),
                   height=24, width=32, img_path='a.png', instances=instances)
    return LoadAnnotations(with_bbox=True, with_mask=True, poly2mask=poly2mask)(results)


def masks_of(results):
    return results['gt_masks'].to_ndarray().astype(bool)


def transformed(name, results):
    return TRANSFORMS.build(dict(type=name))(results)


@pytest.mark.parametrize('squares, classes, parts', [
    pytest.param([], [], [], id='no instance'),
    pytest.param([('a', 2)], [2], ['a'], id='one'),
    pytest.param([('a', 2), ('c', 0)], [0, 2], ['c', 'a'], id='classes in ascending order'),
    pytest.param([('a', 1), ('b', 1)], [1], ['ab'], id='overlapping instances of a class'),
    pytest.param([('a', 1), ('b', 0), ('c', 1)], [0, 1], ['b', 'ac'], id='two of three merge'),
])
@pytest.mark.parametrize('poly2mask', [True, False], ids=['bitmaps', 'polygons'])
def test_one_mask_per_class(squares, classes, parts, poly2mask):
    single = dict(zip((name for name, _ in squares), masks_of(sample(*squares))))
    results = transformed('MergeByClass', sample(*squares, poly2mask=poly2mask))
    assert results['gt_bboxes_labels'].tolist() == classes
    assert results['gt_bboxes_labels'].dtype == np.int64
    assert masks_of(results).shape == (len(classes), 24, 32)
    for mask, names in zip(masks_of(results), parts):
        assert np.array_equal(mask, np.any([single[name] for name in names], axis=0))
    assert isinstance(results['gt_bboxes'], HorizontalBoxes)
    assert results['gt_ignore_flags'].tolist() == [False] * len(classes)


def test_boxes_are_tight():
    results = transformed('MergeByClass', sample(('a', 1), ('c', 1)))
    rows, columns = np.nonzero(masks_of(results)[0])
    assert results['gt_bboxes'].tensor.tolist() == [
        [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]


def test_a_crowd_region_is_of_its_class():
    results = transformed('MergeByClass', sample(('a', 1), ('c', 1), crowd='c'))
    assert masks_of(results)[0, 5, 25]
    packed = PackDetInputs(meta_keys=())(results)['data_samples']
    assert len(packed.gt_instances) == 1 and len(packed.ignored_instances) == 0


def test_classes_go_on_through_the_views_of_training():
    pipeline = Compose([
        dict(type='MergeByClass'), dict(type='RandomFlip', prob=1.0),
        dict(type='RandomCrop', crop_size=(16, 16), crop_type='absolute', recompute_bbox=True,
             allow_negative_crop=True),
        dict(type='FilterAnnotations', by_mask=True, keep_empty=False),
        dict(type='PackDetInputs', meta_keys=())])
    instances = pipeline(sample(('a', 0), ('b', 0), ('c', 1)))['data_samples'].gt_instances
    assert len(instances.labels) == len(instances.masks) == len(set(instances.labels.tolist()))


@pytest.mark.parametrize('squares', [
    pytest.param([], id='no instance'),
    pytest.param([('a', 0)], id='one'),
    pytest.param([('a', 1), ('b', 0), ('c', 1)], id='the last one lies on top'),
])
def test_map_of_instances(squares):
    loaded = sample(*squares)
    results = transformed('SemanticMapOfInstances', dict(loaded))
    expected = [[-1] * 32 for _ in range(24)]
    for mask, label in zip(masks_of(loaded), loaded['gt_bboxes_labels']):
        for y, x in zip(*np.nonzero(mask)):
            expected[y][x] = int(label)
    assert results['gt_seg_map'].tolist() == expected
    packed = PackDetInputs(meta_keys=())(results)['data_samples'].gt_sem_seg
    assert packed.sem_seg.shape == (1, 24, 32) and packed.ignore_index == -1


@pytest.mark.parametrize('name', ['MergeByClass', 'SemanticMapOfInstances'])
def test_missing_masks_are_named_with_the_remedy(name):
    with pytest.raises(ValueError, match=f'{name} found no masks in a.png.*with_mask=True'):
        transformed(name, dict(img_path='a.png'))


def packed_with_prediction(squares, prediction):
    results = transformed('SemanticMapOfInstances', sample(*squares))
    packed = PackDetInputs(meta_keys=())(results)['data_samples']
    packed.pred_sem_seg = PixelData(sem_seg=prediction[None])
    return packed


def test_mmdets_metric_counts_a_class_on_the_background_as_an_error():
    torch.manual_seed(0)
    predictions = [torch.tensor([0, 1, 2, 255])[torch.randint(4, (24, 32))] for _ in range(2)]
    samples = [packed_with_prediction(squares, prediction) for squares, prediction in zip(
        ([('a', 0), ('b', 1), ('c', 2)], []), predictions)]
    metric = SemSegMetric()
    metric.dataset_meta = dict(classes=('x', 'y', 'z'))
    metric.process({}, [packed.to_dict() for packed in samples])
    ious = semantic_equations.class_ious(
        [prediction.tolist() for prediction in predictions],
        [packed.gt_sem_seg.sem_seg[0].tolist() for packed in samples], 3)
    assert metric.evaluate(2)['mIoU'] == pytest.approx(100 * sum(ious) / 3, abs=0.01)


def test_mmdets_pictures_leave_the_background_as_it_is():
    squares = [('a', 0), ('c', 1)]
    prediction = torch.full((24, 32), 255)
    prediction[10:20, 4:9] = 1
    packed = packed_with_prediction(squares, prediction)
    del packed.gt_instances
    visualizer = DetLocalVisualizer()
    visualizer.dataset_meta = dict(classes=('x', 'y'), palette=[(250, 0, 0), (0, 250, 0)])
    image = np.full((24, 32, 3), 90, np.uint8)
    visualizer.add_datasample('toy', image, packed, draw_gt=True, draw_pred=True)
    truth, predicted = np.split(visualizer.get_image(), 2, axis=1)
    # Far from the names that are written on the regions.
    assert (truth[5, 3] != 90).any() and (truth[22, 15] == 90).all()
    assert (predicted[11, 4] != 90).any() and (predicted[5, 3] == 90).all()
