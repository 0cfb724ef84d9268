"""The monitoring hooks and the validation loop on the real detector, in a whole training."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner
from toy import toy_config


def scalars_of(work_dir):
    """All logged scalars: lists of (step, value) by name."""
    found = {}
    for path in Path(work_dir).rglob('scalars.json'):
        for line in path.read_text().splitlines():
            found.update(json.loads(line))
    return found


def test_a_monitored_run(tmp_path, monkeypatch):
    # Formatting the config for the log takes longer than the training.
    monkeypatch.setattr(Config, 'pretty_text', 'a toy config')
    hidden = str(tmp_path / 'annotations/unlabeled.json')
    config = toy_config(tmp_path, max_iters=4, burn_in=2, val=True)
    config['default_hooks'].update(
        preflight=dict(type='PreflightHook'),
        statistics=dict(type='PseudoLabelStatisticsHook', interval=2, hidden_ann_file=hidden),
        guard=dict(type='TrainingGuardHook', empty_patience=1, max_unsup_to_sup=1e-6),
        logger=dict(type='LoggerHook', interval=1))
    runner = Runner.from_cfg(ConfigDict(config, experiment_name='monitored'))
    runner.train()
    scalars = scalars_of(runner.work_dir)
    assert 0 < scalars['pseudo/kept/ddtf'] <= 1
    assert scalars['pseudo/instances_per_image'] == pytest.approx(6 * scalars['pseudo/kept/ddtf'])
    assert 0 <= scalars['pseudo/precision'] <= 1 and 0 <= scalars['pseudo/recall'] <= 1
    assert 0 <= scalars['pseudo/uncertainty'] <= 1 and scalars['pseudo/unsup_to_sup'] > 0
    assert 'teacher/coco/segm_mAP' in scalars and 'student/coco/segm_mAP' in scalars
