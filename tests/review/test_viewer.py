"""A toy model looks at unlabeled images; of equal weights teacher and student agree."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from toy import CLASSES, toy_config

from mmssis.review.disagreement import disagreement
from mmssis.review.proposing import build, choose
from mmssis.review.viewer import Viewer

KEEP_ALL = dict(ddtf=dict(type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0, min_area=0))


@pytest.fixture
def cfg(tmp_path):
    config = toy_config(tmp_path, val=True, hooks=KEEP_ALL)
    return Config(dict(config, test_dataloader=config['val_dataloader']))


@pytest.fixture
def model(cfg):
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.teacher.load_state_dict(model.student.state_dict())
    model.prepare(CLASSES)
    return model.eval()


def test_views_of_equal_models(cfg, model):
    view = Viewer(model)(build(cfg, 'unlabeled')[0])
    assert len(view.first.labels) == len(view.scores) == len(view.mask_scores) > 0
    assert view.scores == sorted(view.scores, reverse=True)
    assert disagreement(view.first, view.second) == pytest.approx(0)
    assert view.first.masks[0]['size'] == list(
        build(cfg, 'unlabeled')[0]['data_samples'].ori_shape[:2])
    again = Viewer(model).features(build(cfg, 'unlabeled')[0])
    assert view.features == pytest.approx(again, rel=1e-4) and view.features.ndim == 1


def test_a_plain_model_is_shown_the_mirror_image(cfg, model, monkeypatch):
    monkeypatch.setattr('mmssis.review.viewer.PLAIN_SCORE', 0.0)
    plain = model.teacher
    plain.data_preprocessor = model.data_preprocessor
    view = Viewer(plain)(build(cfg, 'unlabeled')[0])
    assert len(view.first.labels) and view.mask_scores == []
    assert 0 <= disagreement(view.first, view.second) <= 1


def test_proposals_stand_in_the_order(cfg, model):
    folder = Path(cfg.train_dataloader.dataset.unlabeled.data_root) / 'unlabeled'
    chosen = choose(cfg, Viewer(model), CLASSES, folder, 2, 3)
    names = [image['file_name'] for image in chosen.proposals['images']]
    assert names == [place.name for place in chosen.places] and len(names) == 2
    assert len(chosen.listed['images']) == 4 and not chosen.unreadable
    assert {item['image_id'] for item in chosen.proposals['annotations']} <= {
        image['id'] for image in chosen.proposals['images']}


def test_a_config_without_unlabeled_images(cfg):
    without = Config(dict(train_dataloader=dict(dataset=dict(type='CocoDataset'))))
    with pytest.raises(ValueError, match='no unlabeled images'):
        build(without, 'unlabeled')
