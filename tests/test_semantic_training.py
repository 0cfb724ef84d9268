"""The semantic example as a whole: its configs, and a training run with mmdet's metric."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner
from toy import toy_config

from mmssis.utils import load_config

CONFIGS = Path(__file__).parents[1] / 'configs/rank_statistics/semantic'
THRESHOLD = dict(type='ClassThresholdFilter', class_thr=0.0, min_area=0)
RANKS = dict(type='RankStatisticsWeights', layer='panoptic_head.pixel_decoder.output_convs.0',
             channels=32, num_classes=3, offset=1.0, labeled_interval=1)


def semantic_config(root, hooks):
    """The toy run, changed as the shipped config changes the demo's."""
    config = Config(toy_config(root, max_iters=3, burn_in=1, val=True, hooks=hooks))
    config.model.detector.type = 'SemanticMask2Former'
    config.model.detector.panoptic_head.normalize_pixel_weights = True
    config.model.candidates.type = 'SemanticCandidates'
    labeled = config.train_dataloader.dataset.datasets[0].pipeline
    annotations = labeled[1]
    labeled.insert(2, dict(type='MergeByClass'))
    config.val_dataloader.dataset.pipeline[2:2] = [
        annotations, dict(type='SemanticMapOfInstances')]
    config.val_evaluator = dict(type='SemSegMetric')
    return config


@pytest.mark.parametrize('hooks', [
    pytest.param([THRESHOLD, RANKS], id='rank statistics'),
    pytest.param([THRESHOLD], id='without'),
])
def test_it_trains_and_is_evaluated(tmp_path, monkeypatch, hooks):
    runner = Runner.from_cfg(semantic_config(tmp_path, hooks))
    finished = []
    monkeypatch.setattr(runner.val_loop, 'run', _keep(runner.val_loop.run, finished))
    runner.train()
    metrics, = finished
    for branch in ('teacher', 'student'):
        assert 0 <= metrics[f'{branch}/mIoU'] <= 100
    assert runner.model.pseudo_label_counts[hooks[-1]['type']] > 0
    losses = [value for name, value in runner.message_hub.log_scalars.items()
              if name.startswith('train/unsup_') and 'loss' in name]
    assert losses and all(torch.isfinite(torch.tensor(loss.current())) for loss in losses)
    if RANKS in hooks:
        assert runner.model.pseudo_label_hooks[1].labeled.counts.sum() > 0


def _keep(run, finished):
    """Run, and keep the metrics."""
    def wrapped():
        finished.append(run())
        return finished[-1]
    return wrapped


@pytest.mark.parametrize('name, hooks', [
    ('mask2former_lite0_demo', ['ClassThresholdFilter', 'RankStatisticsWeights']),
    ('mask2former_lite0_demo_no-ranks', ['ClassThresholdFilter']),
    ('mask2former_lite0_demo_supervised', []),
])
def test_shipped_config_builds(name, hooks):
    cfg = load_config(CONFIGS / f'{name}.py', check_data=False)
    model = MODELS.build(cfg.model)
    assert [hook.name for hook in model.pseudo_label_hooks] == hooks
    assert type(model.teacher).__name__ == 'SemanticMask2Former'
    for hook in model.pseudo_label_hooks:
        if hook.name == 'RankStatisticsWeights':
            assert model.teacher.get_submodule(hook.layer).out_channels == 128
    labeled, unlabeled = cfg.train_dataloader.dataset.datasets
    assert labeled.pipeline[2].type == 'MergeByClass'
    assert cfg.val_dataloader.dataset.pipeline[3].type == 'SemanticMapOfInstances'
    assert unlabeled.ann_file == labeled.ann_file.replace('.json', '-unlabeled.json')
