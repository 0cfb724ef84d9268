"""A trained detector that shows what its teacher says."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.dataset import Compose
from toy import toy_config, toy_model

from mmssis.evaluation.analysis_data import teacher_pipeline
from mmssis.evaluation.teacher import load_teacher, set_progress, stages_of


def test_progress_reaches_the_detector():
    model = MODELS.build(toy_model(burn_in=20))
    for progress in (0., .5, 1.):
        set_progress(model, progress)
        assert model.progress == pytest.approx(progress)


def test_stages_of_an_image(tmp_path, monkeypatch):
    config = toy_config(tmp_path, val=True)
    cfg = Config(dict(config, test_dataloader=config['val_dataloader']))
    plain = MODELS.build(cfg.model).student.state_dict()
    torch.save(dict(state_dict=plain), tmp_path / 'plain.pth')
    model, classes = load_teacher(cfg, tmp_path / 'plain.pth', 'cpu')
    image = tmp_path / 'val' / 'val_001.png'
    stages, context = stages_of(model, Compose(teacher_pipeline(cfg)), image)
    assert list(stages) == ['candidates', 'ddtf', 'pmua'] and len(classes) == 3
    assert context.metas[0]['img_path'] == str(image)

    def no_weights(self, classes):
        raise RuntimeError('place the weights at x.pt')

    monkeypatch.setattr(type(model), 'prepare', no_weights)
    with pytest.raises(ValueError, match='place the weights at x.pt'):
        load_teacher(cfg, tmp_path / 'plain.pth', 'cpu')
