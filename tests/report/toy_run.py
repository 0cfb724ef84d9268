"""A finished run of the toy world, made once for the tests of the page."""

from pathlib import Path

import pytest
from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner
from toy import toy_config

DDTF = dict(type='DualThresholdFilter', class_thr=0.4, mask_thr=0.0, min_area=0)


def train(root: Path, **settings) -> Path:
    """Train the toy detector for four updates, two of them burn-in; its work directory."""
    hooks = dict(ddtf=DDTF, pmua=dict(type='MaskUncertainty'))
    config = toy_config(root, val=True, hooks=hooks, **settings)
    config['default_hooks'].update(
        preflight=dict(type='PreflightHook'), logger=dict(type='LoggerHook', interval=1),
        statistics=dict(type='PseudoLabelStatisticsHook', interval=1,
                        hidden_ann_file=str(root / 'annotations/unlabeled.json')))
    with pytest.MonkeyPatch.context() as patch:
        # Formatting the config for the log takes longer than the training.
        patch.setattr(Config, 'pretty_text', 'a toy config')
        runner = Runner.from_cfg(ConfigDict(config, experiment_name=f'toy{root.name}'))
        runner.train()
    config['test_dataloader'] = config['val_dataloader']
    Config(config).dump(str(Path(runner.work_dir) / 'toy.py'))
    return Path(runner.work_dir)
