"""The optimizer must hold the student and nothing else."""

import logging

import pytest
from mmdet.registry import MODELS
from mmengine.optim import build_optim_wrapper
from toy import toy_model

import mmssis  # noqa: F401


@pytest.mark.parametrize('paramwise', [None, dict(norm_decay_mult=0.0)], ids=['plain', 'paramwise'])
def test_gap_2_24_teacher_is_in_no_group(paramwise, caplog):
    model = MODELS.build(toy_model())
    cfg = dict(constructor='StudentOptimWrapperConstructor',
               optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.1))
    with caplog.at_level(logging.WARNING):
        wrapper = build_optim_wrapper(model, cfg if paramwise is None else
                                      dict(cfg, paramwise_cfg=paramwise))
    held = {id(p) for group in wrapper.param_groups for p in group['params']}
    assert {id(p) for p in model.student.parameters()} <= held
    assert not held & {id(p) for p in model.teacher.parameters()}
    assert 'is skipped' not in caplog.text
