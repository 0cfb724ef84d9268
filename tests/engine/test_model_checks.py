"""The most objects of an image that a model can hold, by the key of the config."""

import pytest
from mmdet.registry import MODELS
from toy import toy_model
from toy_condinst import build_condinst
from toy_knet import build_knet
from toy_pais import build_pais

from mmssis.engine.model_checks import object_limit


@pytest.mark.parametrize('build, limit', [
    pytest.param(lambda: MODELS.build(toy_model({}, burn_in=1)), {
        'num_queries': 6, 'model.detector.test_cfg.max_per_image': 6}, id='Mask2Former'),
    pytest.param(lambda: build_pais('mask-rcnn'), {
        'model.detector.test_cfg.rcnn.max_per_img': 10}, id='Mask R-CNN, not its proposals'),
    pytest.param(build_knet, {'num_queries': 6, 'model.test_cfg.max_per_img': 10}, id='K-Net'),
    pytest.param(build_condinst, {'model.test_cfg.max_per_img': 10}, id='CondInst'),
])
def test_object_limit(build, limit):
    assert object_limit(build()) == limit
