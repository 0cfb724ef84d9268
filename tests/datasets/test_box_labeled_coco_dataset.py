"""Images with boxes alone: what is read, which images stay, and what is refused at the door."""

from itertools import islice

import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.runner import Runner
from toy_data import CLASSES, coco_content, write_images, write_json

from mmssis.datasets import checks
from mmssis.utils.data_set import apply_data_set

FIELDS = ['sup', 'unsup_teacher', 'unsup_student']
META_KEYS = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'homography_matrix', 'box_labeled')


def pack(*without):
    return dict(type='PackDetInputs', meta_keys=[k for k in META_KEYS if k not in without])


def views(**branches):
    branches = branches or dict(unsup_teacher=[pack()], unsup_student=[pack()])
    return dict(type='MultiBranch', branch_field=FIELDS, **branches)


def boxes(path, content=None, pipeline=None, classes=CLASSES, **settings):
    """Config of a data set over four images."""
    names = write_images(path / 'boxes', 4, start=50)
    content = coco_content(names) if content is None else content
    return dict(
        type='BoxLabeledCocoDataset', ann_file=write_json(path / 'boxes.json', content),
        data_prefix=dict(img=str(path / 'boxes')), metainfo=dict(classes=classes),
        pipeline=pipeline or [dict(type='LoadImageRobust'),
                              dict(type='LoadAnnotations', with_bbox=True), views()], **settings)


def content_of():
    return coco_content([f'{i}.png' for i in range(50, 54)])


def unlabeled(path, with_mask=False):
    write_images(path / 'unlabeled', 3, start=80)
    return dict(type='UnlabeledFolderDataset', data_root=str(path / 'unlabeled'), pipeline=[
        dict(type='LoadImageRobust'),
        dict(type='LoadEmptyAnnotations', with_bbox=True, with_mask=with_mask), views()])


def masks(path):
    names = write_images(path / 'masks', 3, start=90)
    return dict(
        type='CocoDataset', ann_file=write_json(path / 'masks.json', coco_content(names)),
        data_prefix=dict(img=str(path / 'masks')), metainfo=dict(classes=CLASSES), pipeline=[
            dict(type='LoadImageRobust'),
            dict(type='LoadAnnotations', with_bbox=True, with_mask=True), views(sup=[pack()])])


def build(*datasets, **settings):
    return DATASETS.build(dict(type='SemiConcatDataset', datasets=list(datasets), **settings))


def test_masks_are_never_read(tmp_path):
    content = content_of()
    content['annotations'][0]['segmentation'] = 'no mask at all'
    for info in checks.data_infos(DATASETS.build(boxes(tmp_path, content))):
        assert info['box_labeled'] and len(info['instances']) == 1
        assert 'mask' not in info['instances'][0]


@pytest.mark.parametrize('change, left', [
    pytest.param(dict(), 1, id='whole annotation'),
    pytest.param(dict(segmentation=None), 1, id='no mask'),
    pytest.param(dict(area=0), 1, id='area of the mask does not count'),
    pytest.param(dict(bbox=[40, 2, 5, 5]), 0, id='box outside of the image'),
    pytest.param(dict(bbox=[2, 2, 0, 5]), 0, id='box without width'),
])
def test_which_boxes_count(tmp_path, change, left):
    content = content_of()
    content['annotations'][0].update(change)
    infos = list(checks.data_infos(DATASETS.build(boxes(tmp_path, content))))
    assert [len(info['instances']) for info in infos] == [left, 1, 1, 1]


def test_annotations_need_no_area(tmp_path):
    content = content_of()
    for annotation in content['annotations']:
        del annotation['area'], annotation['segmentation']
    assert len(build(boxes(tmp_path, content))) == 4


@pytest.mark.parametrize('settings, ids', [
    pytest.param(dict(), [0, 1, 2, 3], id='known to be empty stays'),
    pytest.param(dict(filter_cfg=dict(filter_empty_gt=True)), [0, 2, 3], id='unless filtered'),
    pytest.param(dict(images_from='some.json'), [1, 3], id='images of another file'),
    pytest.param(dict(indices=[0, 2]), [0, 2], id='places in the order of ids'),
])
def test_which_images_stay(tmp_path, settings, ids):
    content = content_of()
    del content['annotations'][1]
    content['images'].reverse()
    some = dict(content, annotations=[], images=[content['images'][i] for i in (0, 2)])
    write_json(tmp_path / 'some.json', some)
    dataset = DATASETS.build(boxes(tmp_path, content, data_root=str(tmp_path), **settings))
    assert [info['img_id'] for info in checks.data_infos(dataset)] == ids


def test_unknown_image_is_refused(tmp_path):
    content = content_of()
    write_json(tmp_path / 'some.json', dict(content, images=[dict(content['images'][0], id=77)]))
    with pytest.raises(ValueError, match='lists 1 images .* id 77'):
        DATASETS.build(boxes(tmp_path, content, data_root=str(tmp_path), images_from='some.json'))


def test_alone_in_a_loader(tmp_path):
    loader = Runner.build_dataloader(dict(
        batch_size=3, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
        batch_sampler=dict(type='SemiBatchSampler', source_ratio=[1, 0]),
        dataset=dict(type='SemiConcatDataset', datasets=[boxes(tmp_path)])))
    for batch in islice(loader, 3):
        samples = batch['data_samples']['unsup_student']
        assert len(samples) == 3 and all(sample.box_labeled for sample in samples)
        assert all('masks' not in sample.gt_instances for sample in samples)
    with pytest.raises(ValueError, match='unlabeled data set .* empty'):
        Runner.build_dataloader(dict(
            batch_size=3, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
            batch_sampler=dict(type='SemiBatchSampler', source_ratio=[1, 1]),
            dataset=dict(type='SemiConcatDataset', datasets=[boxes(tmp_path)])))


def test_mixed_with_masks_and_unlabeled_images(tmp_path):
    second = dict(type='ConcatDataset', datasets=[boxes(tmp_path), unlabeled(tmp_path)])
    dataset = build(masks(tmp_path), second)
    flags = [sample.metainfo.get('box_labeled', False) for index in range(len(dataset))
             for name, sample in dataset[index]['data_samples'].items()
             if sample is not None and name != 'unsup_teacher']
    assert flags == [False] * 3 + [True] * 4 + [False] * 3
    assert dataset.metainfo['classes'] == CLASSES


def swapped(path):
    content = dict(content_of(), categories=content_of()['categories'][::-1])
    return boxes(path, content, classes=CLASSES[::-1])


LOAD = dict(type='LoadImageRobust'), dict(type='LoadAnnotations', with_bbox=True)


@pytest.mark.parametrize('pipeline, message', [
    pytest.param([*LOAD, views(unsup_teacher=[pack('box_labeled')], unsup_student=[pack()])],
                 "leaves .'box_labeled'. behind", id='flag'),
    pytest.param([*LOAD, views(unsup_teacher=[pack()], unsup_student=[pack('ori_shape')])],
                 "leaves .'ori_shape'. behind", id='original size'),
    pytest.param([*LOAD, views(sup=[pack()])], 'for "sup", whose losses need masks', id='sup'),
    pytest.param([*LOAD, pack()], 'whose losses need masks', id='no branches'),
    pytest.param([LOAD[0], dict(LOAD[1], with_mask=True), views()], 'Set with_mask=False',
                 id='masks'),
    pytest.param([*LOAD, dict(type='Expand'), views()], 'without recording a homography',
                 id='no way back'),
])
def test_wrong_pipelines_are_refused(tmp_path, pipeline, message):
    with pytest.raises(ValueError, match=message):
        build(boxes(tmp_path, pipeline=pipeline))


def test_an_image_may_be_cropped_to_nothing(tmp_path):
    """Only unlabeled images would be lost without a box; a known image is drawn again."""
    crop = dict(type='RandomCrop', crop_size=(8, 8))
    build(boxes(tmp_path, pipeline=[*LOAD, crop, views()]))


@pytest.mark.parametrize('second, message', [
    pytest.param(lambda path: dict(type='ConcatDataset', datasets=[
        boxes(path), unlabeled(path, with_mask=True)]), 'Set with_mask=False', id='empty masks'),
    pytest.param(swapped, 'different classes', id='class order'),
])
def test_wrong_second_sources_are_refused(tmp_path, second, message):
    with pytest.raises(ValueError, match=message):
        build(masks(tmp_path), second(tmp_path))


def test_checks_ask_for_boxes_and_not_for_masks(tmp_path):
    dataset = DATASETS.build(boxes(tmp_path))
    assert checks.check_masks(dataset) == []
    content = dict(content_of(), annotations=[])
    assert 'no instance at all' in checks.check_masks(
        DATASETS.build(boxes(tmp_path, content)))[0]


def test_split_by_labels(tmp_path):
    parts = DATASETS.build(boxes(tmp_path)), DATASETS.build(masks(tmp_path))
    with_boxes, others = checks.split_by_labels(parts)
    assert (with_boxes.datasets, others.datasets) == ([parts[0]], [parts[1]])


@pytest.mark.parametrize('arguments, message', [
    pytest.param((True, True, 1, 0, False), None, id='BoxTeacher'),
    pytest.param((True, True, 1, 1, True), None, id='mixed'),
    pytest.param((False, False, 0, 1, True), None, id='another method'),
    pytest.param((True, False, 1, 0, False), 'alone learns from', id='detector'),
    pytest.param((True, True, 0, 1, False), 'has 0 hooks', id='no assignment'),
    pytest.param((True, True, 2, 0, False), 'has 2 hooks', id='two assignments'),
    pytest.param((False, True, 1, 1, True), 'nothing to do', id='no boxes'),
    pytest.param((True, True, 1, 0, True), 'Add a filter', id='no filter'),
])
def test_detector_and_hooks_fit_the_labels(arguments, message):
    problems = checks.check_box_detector(*arguments)
    assert len(problems) == (message is not None)
    assert message is None or message in problems[0]


@pytest.mark.parametrize('burn_ins, from_boxes, bad', [
    ((5, 5), False, False), ((5, 0), False, True), ((5, 0), True, False), ((5, 6), True, True)])
def test_boxes_may_come_before_burn_in_is_over(burn_ins, from_boxes, bad):
    assert bool(checks.check_burn_in(*burn_ins, from_boxes=from_boxes)) == bad


def a_config(*datasets):
    val = dict(type='CocoDataset')
    return Config(dict(
        train_dataloader=dict(dataset=dict(type='SemiConcatDataset', datasets=list(datasets))),
        val_dataloader=dict(dataset=val), test_dataloader=dict(dataset=dict(val)),
        val_evaluator=dict(ann_file=''), test_evaluator=dict(ann_file=''),
        model=dict(num_classes=80)))


def test_a_users_boxes_need_no_unlabeled_images(tmp_path):
    cfg = a_config(boxes(tmp_path))
    cfg.data_set = dict(root=str(tmp_path), labeled='boxes.json', val='boxes.json',
                        image_dirs='boxes')
    apply_data_set(cfg)
    dataset, = cfg.train_dataloader.dataset.datasets
    assert dataset.type == 'BoxLabeledCocoDataset' and dataset.ann_file == 'boxes.json'
    assert cfg.model.num_classes == len(CLASSES)


def test_a_source_of_several_sets_is_not_guessed(tmp_path):
    cfg = a_config(masks(tmp_path), dict(type='ConcatDataset', datasets=[boxes(tmp_path)]))
    cfg.data_set = dict(root=str(tmp_path), labeled='boxes.json', val='boxes.json')
    with pytest.raises(ValueError, match='made of several data sets'):
        apply_data_set(cfg)
