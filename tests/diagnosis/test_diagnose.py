"""The command on the toy world."""

import json
from collections import Counter

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from toy import CLASSES, toy_config, write_coco

from mmssis.api import diagnose
from mmssis.diagnosis.loading import load
from mmssis.diagnosis.observing import CLASS_SCORES, count_wrong, pseudo_candidates
from mmssis.diagnosis.threshold_table import kept_by
from mmssis.evaluation import HiddenGroundTruth, count_matches
from mmssis.evaluation.teacher import batch_of
from mmssis.report.validation import ap_by_class, predict_images, read_truth, validation_images

DDTF = dict(type='DualThresholdFilter', class_thr=.3, mask_thr=.5, min_area=0)


@pytest.fixture
def toy(tmp_path):
    """A config, and a checkpoint of a model that has learned nothing."""
    return make(tmp_path, hooks=dict(ddtf=DDTF, pmua=dict(type='MaskUncertainty')))


def make(root, **settings):
    """Config and checkpoint below a folder."""
    config = toy_config(root, val=True, **settings)
    cfg = Config(dict(config, test_dataloader=config['val_dataloader']))
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta=dict(iter=3)),
               root / 'iter_3.pth')
    return cfg, root / 'iter_3.pth'


def test_a_diagnosis(toy, tmp_path, capsys):
    cfg, checkpoint = toy
    found = diagnose(cfg, checkpoint, precision=[.01, 1], out=tmp_path / 'new' / 'd.json',
                     device='cpu')
    assert json.loads((tmp_path / 'new' / 'd.json').read_text()) == found
    shown = capsys.readouterr().out
    assert (found['images'], found['objects']) == (2, 4)
    assert {'1', '0.01'} == set(found['thresholds']['suggested'])
    for text in ('2 labeled images with 4 objects', 'costs AP50', 'No thresholds reach', 'd.json'):
        assert text in shown
    with pytest.raises(ValueError, match='d.json exists: .* --overwrite'):
        diagnose(cfg, checkpoint, out=tmp_path / 'new' / 'd.json')


def test_the_numbers_are_those_of_the_hooks_and_of_coco(toy):
    cfg, checkpoint = toy
    loaded = load(cfg, checkpoint, 'cpu')
    assert loaded.model.progress == .5
    dataset = validation_images(cfg)
    candidates = pseudo_candidates(loaded.model, loaded.used, dataset, range(2), loaded.classes)
    # Of a random model no class score is high: let some candidates pass, and not all.
    limit = float(np.median(candidates.scores[:, 0]))
    loaded.model.pseudo_label_hooks['ddtf'].class_thr = limit
    hidden, counts = HiddenGroundTruth(dataset.ann_file, CLASSES), torch.zeros(6)
    for i in range(2):
        batch = batch_of(loaded.model, dataset[i])
        *_, (_, (instances, )) = loaded.model.pseudo_label_stages(**{
            'images': batch['inputs'], 'data_samples': batch['data_samples']})
        assert CLASS_SCORES not in instances
        truth, _ = hidden.in_view(batch['data_samples'][0].metainfo, (64, 64), 1, 'cpu')
        counts += count_matches(instances.masks, instances.labels, truth.masks, truth.labels)
    kept = kept_by(candidates.scores, (limit, .5))
    assert 0 < kept.sum() == counts[0] < len(kept) and candidates.num_objects == counts[1]
    wrong = count_wrong(candidates, kept)
    assert set(wrong) == {'class', 'mask', 'background', 'duplicate'}
    assert sum(wrong.values()) + counts[2] == counts[0]

    predicted = predict_images(loaded.model, dataset, 2, 'toy')
    by_class = ap_by_class(read_truth(dataset.ann_file), predicted, dataset.cat_ids)
    found = diagnose(cfg, checkpoint, out=checkpoint.with_suffix('.json'), device='cpu')
    assert found['ap'] == pytest.approx(np.mean([each for each in by_class if each is not None]))


def test_images_that_are_trained_on_are_left_out(toy, tmp_path, capsys):
    cfg, checkpoint = toy
    labeled = tmp_path / 'annotations' / 'labeled.json'
    settings = dict(images=tmp_path / 'labeled', out=tmp_path / 'd.json', device='cpu')
    with pytest.raises(ValueError, match='trained on all images of .*labeled.json'):
        diagnose(cfg, checkpoint, labeled=labeled, **settings)
    content = json.loads(write_coco(tmp_path, 'more', 2, seed=5).read_text())
    for image in content['images']:
        (tmp_path / 'more' / image['file_name']).rename(
            tmp_path / 'labeled' / image['file_name'])
    both = json.loads(labeled.read_text())
    both['images'] += [{**item, 'id': item['id'] + 100} for item in content['images']]
    both['annotations'] += [{**item, 'id': item['id'] + 100, 'image_id': item['image_id'] + 100}
                            for item in content['annotations']]
    (tmp_path / 'both.json').write_text(json.dumps(both))
    found = diagnose(cfg, checkpoint, labeled=tmp_path / 'both.json', **settings)
    assert (found['images'], found['objects']) == (2, 4)
    assert '4 of 6 images are trained on: left out' in capsys.readouterr().out


# why: arguments, message
REFUSED = {
    'precision above 1': (dict(precision=70), '--precision 70: give numbers in'),
    'no images': (dict(max_images=0), '--max-images 0'),
    'a folder as file': (dict(out='.'), '--out . is a folder'),
    'no such file': (dict(labeled='gone.json', images='.'), '--labeled gone.json: there is no'),
    'no folder': (dict(labeled=__file__), '--labeled needs --images'),
    'no COCO file': (dict(labeled=__file__, images='.'), 'test_diagnose.py'),
}


@pytest.mark.parametrize('settings, message', REFUSED.values(), ids=REFUSED)
def test_refusals(toy, tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        diagnose(*toy, **{'out': tmp_path / 'd.json', 'device': 'cpu', **settings})


def test_a_model_without_pseudo_labels(toy, tmp_path, capsys):
    cfg, checkpoint = toy
    plain = {name.partition('.')[2]: weight for name, weight in
             torch.load(checkpoint)['state_dict'].items() if name.startswith('teacher.')}
    torch.save(dict(state_dict=plain), tmp_path / 'plain.pth')
    cfg.model = cfg.model.detector
    found = diagnose(cfg, tmp_path / 'plain.pth', out=tmp_path / 'd.json', device='cpu')
    assert found['thresholds'] is None and Counter(found['errors']).keys() == {
        'class', 'mask', 'both', 'duplicate', 'background', 'missed'}
    assert 'No thresholds: the model of this config makes no pseudo labels.' in (
        capsys.readouterr().out)
