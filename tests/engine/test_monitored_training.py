"""The monitoring hooks and the validation loop on the real detector, in a whole training."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner
from toy import toy_config

from mmssis.models.detectors import PLDC


@pytest.fixture
def train(tmp_path, request, monkeypatch):
    """Train the toy model with the given hooks beside its own."""
    # Formatting the config for the log takes longer than the training.
    monkeypatch.setattr(Config, 'pretty_text', 'a toy config')

    def run(*hooks, **settings):
        config = toy_config(tmp_path, **settings)
        config['custom_hooks'] += [dict(hook) for hook in hooks]
        config['default_hooks']['logger'] = dict(type='LoggerHook', interval=1)
        runner = Runner.from_cfg(ConfigDict(config, experiment_name=request.node.name))
        runner.train()
        return runner

    return run


def scalars_of(work_dir):
    """All logged scalars: lists of (step, value) by name."""
    found = {}
    for path in Path(work_dir).rglob('scalars.json'):
        for line in path.read_text().splitlines():
            found.update(json.loads(line))
    return found


def test_a_monitored_run(train, tmp_path):
    runner = train(
        dict(type='PseudoLabelStatisticsHook', interval=2,
             hidden_ann_file=str(tmp_path / 'annotations/unlabeled.json')),
        dict(type='TrainingGuardHook', empty_patience=1, max_unsup_to_sup=1e-6),
        dict(type='PseudoLabelPicturesHook', interval=2, num_images=1),
        max_iters=4, burn_in=2, val=True)
    scalars = scalars_of(runner.work_dir)
    assert 0 < scalars['pseudo/kept/DualThresholdFilter'] <= 1
    assert scalars['pseudo/instances_per_image'] == pytest.approx(
        6 * scalars['pseudo/kept/DualThresholdFilter'])
    assert 0 <= scalars['pseudo/precision'] <= 1 and 0 <= scalars['pseudo/recall'] <= 1
    assert 0 <= scalars['pseudo/uncertainty'] <= 1 and scalars['pseudo/unsup_to_sup'] > 0
    assert 'teacher/coco/segm_mAP' in scalars and 'student/coco/segm_mAP' in scalars
    assert len(list(Path(runner.work_dir).glob('vis/pseudo_labels/*.png'))) == 1
    assert not runner.model.keep_trace and runner.model.trace is None


def test_gap_2_28_a_nan_of_weight_0_stops_the_run(train):
    weigh = PLDC.weigh

    def poisoned(prefix, losses, weight):
        if prefix == 'unsup_':
            losses['loss_cls'] = losses['loss_cls'] * float('nan')
        return weigh(prefix, losses, weight)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(FloatingPointError) as error:
        patch.setattr(PLDC, 'weigh', staticmethod(poisoned))
        train(dict(type='TrainingGuardHook'), unsup_weight=0.)
    assert 'iteration 3' in str(error.value) and 'unsup_loss_cls' in str(error.value)
    assert 'Only unsupervised terms failed' in str(error.value)
