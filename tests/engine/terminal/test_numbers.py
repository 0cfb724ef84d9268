"""The numbers that are shown, from the hub and from metrics."""

import pytest
from mmengine.logging import MessageHub

from mmssis.engine.terminal.numbers import (ap_by_branch, ap_in_words, best_in_words,
                                            labels_per_image, losses_by_branch, short)


@pytest.fixture
def hub(tmp_path):
    return MessageHub.get_instance(str(tmp_path))


def log(hub, **values):
    for name, value in values.items():
        hub.update_scalar(f'train/{name}', value)


def test_losses_are_summed_by_branch_over_the_window(hub):
    for step in (0, 1, 3):
        log(hub, loss=9., sup_loss_cls=step, **{'sup_d0.loss_mask': 2., 'unsup_loss_dice': 4.},
            time=5., grad_norm=7.)
    assert losses_by_branch(hub, 2) == dict(sup=4., unsup=4.)


def test_before_pseudo_labels_there_is_one_branch(hub):
    log(hub, loss=3., sup_loss_cls=3.)
    assert losses_by_branch(hub, 50) == dict(sup=3.)
    assert labels_per_image(hub) is None


def test_a_plain_detector_has_its_loss(hub):
    assert losses_by_branch(hub, 1) == {}
    log(hub, loss=3., loss_cls=1., loss_mask=2.)
    assert losses_by_branch(hub, 1) == dict(loss=3.)


@pytest.mark.parametrize('metrics, words', [
    ({'teacher/coco/segm_mAP': 0.31, 'teacher/coco/segm_mAP_50': 0.5, 'teacher/coco/bbox_mAP': 1.,
      'teacher/coco/segm_mAP_75': 0.3, 'student/coco/segm_mAP': -1.},
     ['teacher AP 0.310 (AP50 0.500, AP75 0.300)', 'student AP -1.000']),
    ({'coco/bbox_mAP': 0.2, 'coco/bbox_mAP_50': 0.4}, ['AP 0.200 (AP50 0.400)']),
    ({'teacher/cityscapes/mAP': 0.2, 'teacher/cityscapes/AP@50': 0.4},
     ['teacher AP 0.200 (AP50 0.400)']),
    ({'pascal/accuracy': 1.}, []),
    ({}, []),
], ids=['coco', 'plain-boxes', 'cityscapes', 'no-ap', 'nothing'])
def test_ap(metrics, words):
    assert ap_in_words(ap_by_branch(metrics)) == words


def test_best_once_there_is_a_checkpoint_of_it(hub):
    assert best_in_words(hub) is None
    hub.update_info('best_score', 0.309)
    assert best_in_words(hub) is None
    hub.update_info('best_ckpt', 'work/best_teacher_coco_segm_mAP_iter_300.pth')
    assert best_in_words(hub) == 'best 0.309 at 300'


@pytest.mark.parametrize('value, digits, text', [
    (0.0345, 3, '0.0345'), (12.345, 3, '12.3'), (999.7, 3, '1000'), (12345.6, 3, '12346'),
    (99.7, 2, '100'), (0, 2, '0'), (float('nan'), 3, 'nan')])
def test_numbers_are_short_and_have_no_exponent(value, digits, text):
    assert short(value, digits) == text
