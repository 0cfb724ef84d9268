"""Export of PAIS's detectors: plain mmdet where mmdet has the architecture."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from toy_pais import build_pais, sample_with_boxes, toy_pais


@pytest.fixture
def export(monkeypatch):
    """The exporter, imported as its script is."""
    from pathlib import Path
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / 'tools/model_converters'))
    import export_teacher
    return export_teacher


@pytest.mark.parametrize('kind, plain_type', [('mask-rcnn', 'MaskRCNN'),
                                              ('mask2former', 'Mask2Former')])
def test_the_teacher_becomes_a_plain_detector_with_the_same_predictions(kind, plain_type, export):
    model = build_pais(kind).eval()
    config = export.plain_detector(toy_pais(kind).detector)
    assert config.type == plain_type and export.own_types(config) == []
    plain = MODELS.build(config).eval()
    plain.load_state_dict(export.weights_of('teacher', model.state_dict()), strict=True)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        ours, = model.predict(image, [sample_with_boxes(64, ())])
        theirs, = plain.predict(image, [sample_with_boxes(64, ())])
    assert len(ours.pred_instances) == len(theirs.pred_instances) > 0
    assert torch.equal(ours.pred_instances.scores, theirs.pred_instances.scores)
    assert torch.equal(ours.pred_instances.masks, theirs.pred_instances.masks)


def test_knet_stays_and_brings_mmssis_along(export):
    """Also its mask-IoU branch, which a plain detector would not have."""
    model = build_pais('knet').eval()
    config = export.plain_config(Config(dict(model=toy_pais('knet'))))
    assert config.custom_imports.imports == ['mmssis'] and 'KNet' in export.own_types(config.model)
    alone = MODELS.build(config.model).eval()
    alone.load_state_dict(export.weights_of('teacher', model.state_dict(), is_plain=False))
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        ours, = model.predict(image, [sample_with_boxes(64, ())])
        theirs, = alone.predict(image, [sample_with_boxes(64, ())])
    assert torch.equal(ours.pred_instances.scores, theirs.pred_instances.scores)
    assert torch.equal(ours.pred_instances.masks, theirs.pred_instances.masks)
