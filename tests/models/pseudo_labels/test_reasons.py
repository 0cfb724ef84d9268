"""Why a hook drops an instance, in words."""

import pytest
import torch
from mmengine.structures import InstanceData

from mmssis.models.pseudo_labels import (AdaptiveThresholdFilter, AssignToBoxes,
                                         ClassThresholdFilter, CoupledThresholdFilter,
                                         DualThresholdFilter, MaskUncertainty)


def instance(class_score, mask_logit=5.0, side=4):
    """A candidate of class 1 with a square mask on the stride-4 grid of a 32 x 32 input."""
    logits = torch.full((1, 8, 8), -5.0)
    logits[:, :side, :side] = mask_logit
    return InstanceData(
        metainfo=dict(input_shape=(32, 32)), labels=torch.tensor([1]), mask_logits=logits,
        class_scores=torch.tensor([class_score]), class_probs=torch.tensor([[0.1, class_score]]))


DUAL = DualThresholdFilter(class_thr=0.7, mask_thr=0.9)
ADAPTIVE = AdaptiveThresholdFilter(2, class_range=(0.5, 0.8), mask_range=(0.6, 0.9),
                                   instances_per_class=[1, 2])


@pytest.mark.parametrize('hook, dropped, reason', [
    pytest.param(DUAL, instance(0.42), 'class score 0.42 below f.class_thr 0.7', id='class'),
    pytest.param(DUAL, instance(0.6996), 'class score 0.6996 below f.class_thr 0.7',
                 id='just_below'),
    pytest.param(DUAL, instance(0.8, 0.5, 8), 'mask score 0.62 below f.mask_thr 0.9', id='mask'),
    pytest.param(DualThresholdFilter(0.7, 0.0), instance(0.8, side=0),
                 'its mask is empty', id='empty_mask'),
    pytest.param(DualThresholdFilter(0.7, 0.0, min_area=1024), instance(0.8, side=8),
                 'mask of 1024 pixels, f.min_area 1024 asks for more', id='small_mask'),
    pytest.param(CoupledThresholdFilter(0.7), instance(0.6),
                 'class score 0.60 below f.score_thr 0.7', id='coupled_class'),
    pytest.param(CoupledThresholdFilter(0.7), instance(0.8, 0.5, 8),
                 'class score x mask score 0.50 below f.score_thr 0.7', id='coupled_product'),
    pytest.param(ClassThresholdFilter(0.75), instance(0.75),
                 'class score 0.7500 not above f.class_thr 0.75', id='at_the_threshold'),
    pytest.param(ADAPTIVE, instance(0.7),
                 'class score 0.70 below 0.800, the class threshold of f for its class',
                 id='of_the_class'),
    pytest.param(ADAPTIVE, instance(0.85, 0.5, 8),
                 'mask score 0.62 below 0.900, the mask threshold of f for its class',
                 id='mask_of_the_class'),
    pytest.param(AssignToBoxes(), instance(0.9),
                 'f gives an image with box labels one instance for each true box', id='boxes'),
    pytest.param(MaskUncertainty(), instance(0.9), 'dropped by f', id='a_hook_without_reasons'),
])
def test_reason(hook, dropped, reason):
    (found, ) = hook.reasons('f', dropped)
    assert found.startswith(reason), found


def test_one_reason_each_in_order():
    dropped = InstanceData.cat([instance(0.8, 0.5), instance(0.2), instance(0.8, side=0)])
    assert [text.partition(' score')[0] for text in DUAL.reasons('f', dropped)] == [
        'mask', 'class', 'mask']
    assert DUAL.reasons('f', dropped[:0]) == []
