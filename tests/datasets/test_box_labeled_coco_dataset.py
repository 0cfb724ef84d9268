"""Images with boxes alone: what is read, which images stay, and what is refused at the door."""

import pytest
from mmdet.registry import DATASETS
from toy_data import BRANCHES, CLASSES, META_KEYS, coco_content, pack, write_images, write_json

from mmssis.datasets.checks.set_summary import data_infos, summarize
from mmssis.datasets.checks.training_data import check_box_detector

LOAD = dict(type='LoadImageRobust'), dict(type='LoadAnnotations', with_bbox=True)


def pack_without(key):
    return [dict(type='PackDetInputs', meta_keys=[k for k in META_KEYS if k != key])]


def views(**branches):
    branches = branches or dict(unsup_teacher=pack(), unsup_student=pack())
    return dict(type='MultiBranch', branch_field=BRANCHES, **branches)


def boxes(path, content=None, pipeline=None, classes=CLASSES, **settings):
    """Config of a data set over four images."""
    write_images(path / 'boxes', 4, start=50)
    return dict(
        type='BoxLabeledCocoDataset', ann_file=write_json(path / 'b.json', content or content_of()),
        data_prefix=dict(img=str(path / 'boxes')), metainfo=dict(classes=classes),
        pipeline=pipeline or [*LOAD, views()], **settings)


def content_of():
    return coco_content([f'{i}.png' for i in range(50, 54)])


def build(**sources):
    return DATASETS.build(dict(sources, type='SemiDataset'))


def test_masks_are_never_read(tmp_path):
    content = content_of()
    content['annotations'][0]['segmentation'] = 'no mask at all'
    for info in data_infos(DATASETS.build(boxes(tmp_path, content))):
        assert info['box_labeled'] and len(info['instances']) == 1
        assert 'mask' not in info['instances'][0]


@pytest.mark.parametrize('change, left', [
    pytest.param(dict(), 1, id='whole annotation'),
    pytest.param(dict(segmentation=None, area=None), 1, id='no mask and no area'),
    pytest.param(dict(area=0), 1, id='area of the mask does not count'),
    pytest.param(dict(bbox=[40, 2, 5, 5]), 0, id='box outside of the image'),
])
def test_which_boxes_count(tmp_path, change, left):
    content = content_of()
    annotation = content['annotations'][0]
    annotation.update(change)
    for key in [key for key, value in change.items() if value is None]:
        del annotation[key]
    infos = list(data_infos(build(boxes=boxes(tmp_path, content))))
    assert [len(info['instances']) for info in infos] == [left, 1, 1, 1]


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
    assert [info['img_id'] for info in data_infos(dataset)] == ids


def test_unknown_image_is_refused(tmp_path):
    content = content_of()
    write_json(tmp_path / 'some.json', dict(content, images=[dict(content['images'][0], id=77)]))
    with pytest.raises(ValueError, match='lists 1 images .* id 77'):
        DATASETS.build(boxes(tmp_path, content, data_root=str(tmp_path), images_from='some.json'))


def test_mixed_with_masks_and_unlabeled_images(tmp_path, semi_data):
    semi_data['unlabeled']['pipeline'][1]['with_mask'] = False
    dataset = build(labeled=semi_data['labeled'], boxes=boxes(tmp_path),
                    unlabeled=semi_data['unlabeled'])
    samples = [dataset[index]['data_samples'] for index in range(len(dataset))]
    students = [sample['sup'] or sample['unsup_student'] for sample in samples]
    flags = [sample.metainfo.get('box_labeled', False) for sample in students]
    assert flags == [False] * 4 + [True] * 4 + [False] * 6
    assert ['masks' in sample.gt_instances for sample in students] == [True] * 4 + [False] * 10


def swapped(path):
    content = dict(content_of(), categories=content_of()['categories'][::-1])
    return boxes(path, content, classes=CLASSES[::-1])


@pytest.mark.parametrize('pipeline, message', [
    pytest.param([*LOAD, views(unsup_teacher=pack_without('box_labeled'))],
                 "leaves .'box_labeled'. behind", id='flag'),
    pytest.param([*LOAD, views(sup=pack())], 'for "sup", whose losses need masks', id='sup'),
    pytest.param([LOAD[0], dict(LOAD[1], with_mask=True), views()], 'Set with_mask=False',
                 id='masks'),
    pytest.param([*LOAD, dict(type='Expand'), views()], 'without recording a homography',
                 id='no way back'),
])
def test_wrong_pipelines_are_refused(tmp_path, pipeline, message):
    with pytest.raises(ValueError, match=message):
        build(boxes=boxes(tmp_path, pipeline=pipeline))


@pytest.mark.parametrize('sources, message', [
    pytest.param(lambda path, semi: dict(semi, boxes=boxes(path)),
                 r'dataset.unlabeled.pipeline\[1\].*Set with_mask=False', id='empty masks'),
    pytest.param(lambda path, semi: dict(labeled=semi['labeled'], boxes=swapped(path)),
                 'dataset.boxes stand in the order', id='class order'),
    pytest.param(lambda path, semi: dict(boxes=semi['labeled']), 'dataset.boxes is a CocoDataset',
                 id='no boxes'),
])
def test_wrong_sources_are_refused(tmp_path, semi_data, sources, message):
    with pytest.raises(ValueError, match=message):
        build(**sources(tmp_path, semi_data))


def test_checks_ask_for_no_masks(tmp_path):
    summary = summarize(DATASETS.build(boxes(tmp_path)))
    assert (summary.num_instances, summary.unmasked) == (4, [])


@pytest.mark.parametrize('arguments, message', [
    pytest.param((True, True, 1, 0, False), None, id='BoxTeacher'),
    pytest.param((True, True, 1, 1, True), None, id='mixed'),
    pytest.param((True, True, 0, 1, False), 'has 0 hooks', id='no assignment'),
    pytest.param((False, True, 1, 1, True), 'nothing to do', id='no boxes'),
    pytest.param((True, True, 1, 0, True), 'Add a filter', id='no filter'),
])
def test_detector_and_hooks_fit_the_labels(arguments, message):
    problems = check_box_detector(*arguments)
    assert len(problems) == (message is not None)
    assert message is None or message in problems[0]
