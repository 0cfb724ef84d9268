"""DetectorAgreement: one-to-one matching, views, files and what is wrong with them."""

import json
import re
from argparse import ArgumentParser
from pathlib import Path

import cv2
import mmdet
import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS, METRICS
from mmengine.config import Config, DictAction
from mmengine.structures import InstanceData

from mmssis.models.pseudo_labels import DetectorAgreement
from mmssis.models.pseudo_labels.rank_statistics.detector_agreement import tight_boxes
from mmssis.models.pseudo_labels.rank_statistics.detector_boxes import HOW_TO_MAKE
from mmssis.structures import PseudoLabelContext

CLASSES = ('cat', 'dog')
SIZE = 64
LEFT, RIGHT, BOTH = (8, 8, 24, 40), (24, 8, 40, 40), (8, 8, 40, 40)


def write(folder, results, images=(7, 9), categories=('dog', 'cat', 'owl')):
    """Results (image, class name, xyxy, score) and the annotation file they were made with."""
    ids = {name: 10 * (i + 1) for i, name in enumerate(categories)}
    ann_file, boxes_file = folder / 'unlabeled.json', folder / 'found.bbox.json'
    ann_file.write_text(json.dumps(dict(
        images=[dict(id=i, file_name=f'{i}.png', width=SIZE, height=SIZE) for i in images],
        categories=[dict(id=i, name=name) for name, i in ids.items()])))
    boxes_file.write_text(json.dumps([
        dict(image_id=image, category_id=ids[name], score=score,
             bbox=[x1, y1, x2 - x1, y2 - y1])
        for image, name, (x1, y1, x2, y2), score in results]))
    return dict(boxes_file=str(boxes_file), ann_file=str(ann_file))


def mask_of(*boxes):
    mask = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    for x1, y1, x2, y2 in boxes:
        mask[y1:y2, x1:x2] = True
    return mask


def instances_of(*masks_and_labels):
    masks, labels = [], []
    for boxes, label in masks_and_labels:
        masks.append(mask_of(*boxes))
        labels.append(label)
    return InstanceData(
        metainfo=dict(input_shape=(SIZE, SIZE)), labels=torch.tensor(labels, dtype=torch.long),
        masks=torch.stack(masks) if masks else torch.zeros(0, SIZE, SIZE, dtype=torch.bool))


def context_of(*image_ids, matrix=None):
    metas = [dict(img_id=i, img_shape=(SIZE, SIZE),
                  homography_matrix=np.eye(3) if matrix is None else matrix) for i in image_ids]
    return PseudoLabelContext(
        images=torch.zeros(len(metas), 3, SIZE, SIZE), metas=metas, progress=0.0,
        box_labels=[None] * len(metas), pixel_mean=torch.zeros(3, 1, 1),
        pixel_std=torch.ones(3, 1, 1))


def agreement_of(folder, results, *masks_and_labels, **settings):
    hook = DetectorAgreement(**write(folder, results), **settings)
    hook.prepare(CLASSES)
    return hook([instances_of(*masks_and_labels)], context_of(7))[0].agreement.tolist()


@pytest.mark.parametrize('results, instances, expected', [
    pytest.param([(7, 'dog', LEFT, 0.95)], [([LEFT], 1)], [True], id='agrees'),
    pytest.param([(7, 'dog', LEFT, 0.95)], [([LEFT], 0)], [False], id='another class'),
    pytest.param([(9, 'dog', LEFT, 0.95)], [([LEFT], 1)], [False], id='another image'),
    pytest.param([(7, 'owl', LEFT, 0.95), (7, 'cat', RIGHT, 1.0)], [([LEFT], 1)], [False],
                 id='a class that the data does not have'),
    pytest.param([(7, 'dog', LEFT, 0.89), (7, 'cat', LEFT, 0.9)], [([LEFT], 1)], [False],
                 id='a low score'),
    pytest.param([(7, 'dog', LEFT, 0.95)], [([RIGHT], 1), ([LEFT], 1)], [False, True],
                 id='two instances, one box'),
    pytest.param([(7, 'dog', LEFT, 0.95), (7, 'cat', LEFT, 0.95)], [([LEFT], 1), ([LEFT], 0)],
                 [True, True], id='classes do not compete'),
    pytest.param([(7, 'dog', LEFT, 0.95)], [([], 1)], [False], id='an empty mask'),
    pytest.param([(7, 'dog', LEFT, 0.95)], [([LEFT], 1), ([(8, 8, 24, 36)], 1)], [True, False],
                 id='one box vouches once: for the better mask'),
])
def test_agreement(tmp_path, results, instances, expected):
    assert agreement_of(tmp_path, results, *instances) == expected


def test_merged_pair_and_split_instance_are_rejected(tmp_path):
    """Facts D7: all their pixels lie in boxes of their class, which is the paper's test."""
    pair = [(7, 'dog', LEFT, 0.95), (7, 'dog', RIGHT, 0.95)]
    merged = mask_of(LEFT, RIGHT)
    assert not (merged & ~(mask_of(LEFT) | mask_of(RIGHT))).any()
    wide = [(7, 'dog', (8, 8, 20, 40), 0.95), (7, 'dog', (28, 8, 40, 40), 0.95)]
    apart = [(8, 8, 20, 40), (28, 8, 40, 40)]
    assert agreement_of(tmp_path, wide, (apart, 1)) == [False]
    # Two equal neighbours that touch: the IoU with each box is just 0.5.
    assert agreement_of(tmp_path, pair, ([LEFT, RIGHT], 1), iou_thr=0.6) == [False]
    whole = [(7, 'dog', BOTH, 0.95)]
    thirds = [([(8, 8, 18, 40)], 1), ([(18, 8, 28, 40)], 1), ([(28, 8, 40, 40)], 1)]
    assert agreement_of(tmp_path, whole, *thirds) == [False] * 3
    halves = [([LEFT], 1), ([(24, 8, 40, 38)], 1)]
    assert sum(agreement_of(tmp_path, whole, *halves)) <= 1


def test_boxes_that_agree_stay_with_their_instances(tmp_path):
    """Also where instances are chosen or joined behind the hook."""
    hook = DetectorAgreement(**write(
        tmp_path, [(7, 'dog', RIGHT, 0.99), (7, 'dog', LEFT, 0.95), (9, 'cat', RIGHT, 0.95)]))
    hook.prepare(CLASSES)
    first, second, empty = hook(
        [instances_of(([LEFT], 1), ([LEFT], 0), ([RIGHT], 1)), instances_of(([RIGHT], 0)),
         instances_of()], context_of(7, 9, 7))
    left, right, nothing = list(LEFT), list(RIGHT), [0, 0, 0, 0]
    assert first.agreement.tolist() == [True, False, True]
    assert first.agreed_boxes.tolist() == [left, nothing, right]
    assert first[first.agreement].agreed_boxes.tolist() == [left, right]
    assert InstanceData.cat([second, first[1:2]]).agreed_boxes.tolist() == [right, nothing]
    assert empty.agreed_boxes.shape == (0, 4) and empty.agreement.shape == (0, )


@pytest.mark.parametrize('matrix', [
    pytest.param(np.array([[-1.0, 0, SIZE], [0, 1, 0], [0, 0, 1]]), id='flipped'),
    pytest.param(np.array([[2.0, 0, -16], [0, 2, -16], [0, 0, 1]]), id='cropped'),
])
def test_boxes_follow_the_view(tmp_path, matrix):
    hook = DetectorAgreement(**write(tmp_path, [(7, 'cat', LEFT, 0.95)]))
    hook.prepare(CLASSES)
    x1, y1, _ = matrix @ [LEFT[0], LEFT[1], 1]
    x2, y2, _ = matrix @ [LEFT[2], LEFT[3], 1]
    seen = np.clip([min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)], 0, SIZE).astype(int)
    instances = instances_of(([seen], 0), ([(40, 48, 60, 60)], 0))
    found, = hook([instances], context_of(7, matrix=matrix))
    assert found.agreement.tolist() == [True, False]
    assert found.agreed_boxes[0].tolist() == pytest.approx(list(seen), abs=1)


@pytest.mark.parametrize('form', ['masks', 'logits of stride 4', 'box grid'])
def test_tight_boxes_of_every_form(form):
    instances = instances_of(([LEFT], 0), ([], 1), ([RIGHT], 0))
    if form == 'logits of stride 4':
        instances.mask_logits = instances.masks[:, ::4, ::4].float() - 0.5
        del instances.masks
    elif form == 'box grid':
        # Boxes twice as wide as the masks in them.
        del instances.masks
        instances.mask_logits = torch.full((3, 28, 28), -1.0)
        instances.mask_logits[[0, 2], :, :14] = 1.0
        instances.mask_boxes = torch.tensor([[8.0, 8, 40, 40], [0, 0, 9, 9], [24, 8, 56, 40]])
    boxes = tight_boxes(instances)
    assert boxes[[0, 2]].tolist() == [list(map(float, LEFT)), list(map(float, RIGHT))]
    assert (boxes[1, 2:] <= boxes[1, :2]).all()


def test_reads_the_files_once_and_never_in_the_constructor(tmp_path):
    hook = DetectorAgreement(boxes_file='nowhere.json', ann_file='nowhere.json')
    with pytest.raises(RuntimeError, match=r'model.prepare\(classes\).*preflight'):
        hook([instances_of()], context_of(7))
    settings = write(tmp_path, [(7, 'dog', LEFT, 0.95)])
    hook = DetectorAgreement(**settings)
    hook.prepare(CLASSES)
    (tmp_path / 'found.bbox.json').unlink()
    hook.prepare(CLASSES)
    assert hook([instances_of(([LEFT], 1))], context_of(7))[0].agreement.tolist() == [True]
    assert not hook.state_dict()


def broken(folder, text, name):
    settings = write(folder, [(7, 'dog', LEFT, 0.95)])
    (folder / name).write_text(text)
    return settings


def test_says_which_file_is_wrong_and_how_to_make_it(tmp_path):
    for make, message in [
            # no results
            (lambda folder: dict(write(folder, []), boxes_file='missing.json'),
             "boxes_file = 'missing.json'.*is not there.*mmssis test.*outfile_prefix"),
            # no annotations
            (lambda folder: dict(write(folder, []), ann_file='missing.json'),
             "ann_file = 'missing.json'.*is not there"),
            # all below the threshold
            (lambda folder: write(folder, [(7, 'dog', LEFT, 0.5)]),
             'no box with a score of at least 0.9, of 1'),
            # another data set
            (lambda folder: write(folder, [(8, 'dog', LEFT, 0.95)]),
             'boxes of image 8, which is not in'),
            # a class is missing
            (lambda folder: write(folder, [], categories=('dog', )), r"no category \['cat'\]"),
            # annotations for results
            (lambda folder: broken(folder, '{"annotations": []}', 'found.bbox.json'),
             'does not hold a list of COCO results'),
            # results for annotations
            (lambda folder: broken(folder, '[]', 'unlabeled.json'),
             'does not hold images and categories'),
            # a key is missing
            (lambda folder: broken(folder, '[{"image_id": 7, "score": 1}]', 'found.bbox.json'),
             "a result lacks 'category_id'"),
    ]:
        with pytest.raises(RuntimeError, match=message):
            DetectorAgreement(**make(tmp_path)).prepare(CLASSES)
    for settings in (dict(score_thr=1.1), dict(iou_thr=-0.1)):
        with pytest.raises(ValueError, match=next(iter(settings))):
            DetectorAgreement('a.json', 'b.json', **settings)


def test_the_options_that_are_quoted_lead_mmdets_config_to_the_unlabeled_images(tmp_path):
    """The config of mmdet reads val2017; ann_file is below data_root in one place, not both."""
    (tmp_path / 'train2017').mkdir()
    cv2.imwrite(str(tmp_path / 'train2017/5.png'), np.zeros((32, 32, 3), np.uint8))
    (tmp_path / 'semi_anns').mkdir()
    (tmp_path / 'semi_anns/unlabeled.json').write_text(json.dumps(dict(
        images=[dict(id=5, file_name='5.png', width=32, height=32)],
        categories=[dict(id=1, name='person')])))
    given = dict(ROOT=str(tmp_path), ANN_FILE='semi_anns/unlabeled.json', IMAGES='train2017',
                 PREFIX=str(tmp_path / 'found'))
    options = re.sub(r'ROOT|ANN_FILE|IMAGES|PREFIX', lambda name: given[name[0]],
                     ' '.join(re.findall(r'test_\S+=\S+', HOW_TO_MAKE)))
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    cfg = Config.fromfile(
        Path(mmdet.__file__).parent / '.mim/configs/faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py')
    cfg.merge_from_dict(parser.parse_args(['--cfg-options', *options.split()]).cfg_options)
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    assert len(dataset) == 1 and dataset[0]['inputs'].shape[0] == 3
    METRICS.build(cfg.test_evaluator)


def test_an_image_that_the_detector_has_not_seen_is_named(tmp_path):
    hook = DetectorAgreement(**write(tmp_path, [(7, 'dog', LEFT, 0.95)]))
    hook.prepare(CLASSES)
    with pytest.raises(RuntimeError, match='image 8 is not in .*unlabeled.json'):
        hook([instances_of()], context_of(8))
    context = context_of(7)
    del context.metas[0]['homography_matrix']
    with pytest.raises(KeyError, match='no homography_matrix.*meta_keys'):
        hook([instances_of()], context)
