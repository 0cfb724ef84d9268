"""GuidedDistillation learns background from a batch in which its teacher finds nothing."""

import math

import pytest
import torch
from mmdet.registry import MODELS
from toy import semi_batch, toy_model


@pytest.mark.parametrize('method, class_loss', [
    # No logit speaks: CE of every query is ln 4 (3 classes and no-object), the loss weighs 2, and
    # so do pseudo labels: 2 x 2 x 1.386294.
    pytest.param('GuidedDistillation', 4 * math.log(4), id='its class loss stays'),
    pytest.param('PLDC', 0.0, id="PL-DC's rule"),
])
def test_a_batch_without_pseudo_labels(method: str, class_loss: float) -> None:
    nothing = dict(none=dict(type='ClassThresholdFilter', class_thr=1.0))
    model = MODELS.build(toy_model(nothing, type=method, unsup_weight=2.0)).train()
    for parameter in model.student.panoptic_head.cls_embed.parameters():
        torch.nn.init.zeros_(parameter)
    model.set_clock(0, 10)
    losses = {name: value.item() for name, value in model.loss(**semi_batch()).items()
              if name.startswith('unsup_')}
    assert sum('loss_cls' in name for name in losses) > 1
    for name, value in losses.items():
        assert value == pytest.approx(class_loss if 'loss_cls' in name else 0), name
