"""Loading a trained model for inference."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from toy import CLASSES, toy_detector, toy_model

from mmssis.engine.trained_model import load_trained_model

TEST_DATA = dict(dataset=dict(type='CocoDataset', metainfo=dict(classes=CLASSES)))


def config(model, **more):
    return Config(dict(default_scope='mmdet', model=model.to_dict(), **more))


def saved(path, state_dict, **meta):
    torch.save(dict(state_dict=state_dict, **meta), path)
    return path


@pytest.fixture
def semi(tmp_path):
    """Config and checkpoint of a semi-supervised model whose branches differ."""
    cfg = config(toy_model(), test_dataloader=TEST_DATA)
    weights = MODELS.build(cfg.model).state_dict()
    weights = {name: value + 1 if name.startswith('student.') and value.is_floating_point()
               else value for name, value in weights.items()}
    return cfg, saved(tmp_path / 'semi.pth', weights)


def test_a_semi_supervised_model_predicts_with_the_branch(semi):
    weights = torch.load(semi[1])['state_dict']
    for branch, expected in ((None, 'teacher'), ('student', 'student')):
        model, classes = load_trained_model(*semi, branch)
        assert model.predict_on == expected and classes == CLASSES and not model.training
        assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_classes_of_the_checkpoint_come_first(tmp_path):
    cfg = config(toy_detector(), test_dataloader=TEST_DATA)
    path = saved(tmp_path / 'plain.pth', MODELS.build(cfg.model).state_dict(),
                 meta=dict(dataset_meta=dict(classes=('a', 'b', 'c'))))
    assert load_trained_model(cfg, path)[1] == ('a', 'b', 'c')


def test_buffers_of_a_hook_must_fit_though_prediction_needs_none(semi):
    cfg, path = semi
    content = torch.load(path)
    cfg.model.pseudo_label_hooks.adaptive = dict(type='AdaptiveThresholdFilter', num_classes=3)
    assert load_trained_model(cfg, path)[1] == CLASSES
    content['state_dict']['pseudo_label_hooks.adaptive.class_thrs'] = torch.ones(7)
    with pytest.raises(ValueError, match='adaptive.class_thrs is .7,. in the checkpoint, .3,. in'):
        load_trained_model(cfg, saved(path, **content))


REFUSED = [
    (dict(test_dataloader=TEST_DATA), 'teacher', None, 'no teacher'),
    ({}, None, None, 'names the classes'),
    (dict(test_dataloader=TEST_DATA), None, 'backbone.conv1.weight',
     'backbone.conv1.weight is missing'),
]


def test_what_cannot_predict_is_refused(tmp_path):
    for more, branch, drop, message in REFUSED:
        cfg = config(toy_detector(), **more)
        weights = MODELS.build(cfg.model).state_dict()
        weights.pop(drop, None)
        with pytest.raises(ValueError, match=message):
            load_trained_model(cfg, saved(tmp_path / 'plain.pth', weights), branch)
