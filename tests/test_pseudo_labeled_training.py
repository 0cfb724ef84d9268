"""A plain Mask R-CNN learns from labels and pseudo labels through the real Runner."""

import math

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner
from toy_pseudo import pseudo_config, scored_pipeline, write_pseudo


def test_trains_past_preflight_and_evaluates(tmp_path):
    config = Config(pseudo_config(tmp_path, max_iters=2, val=True), format_python_code=False)
    config.model.test_cfg.rcnn.score_thr = 0.0
    runner = Runner.from_cfg(config)
    before = {name: value.clone() for name, value in runner.model.named_parameters()}
    runner.train()
    scalars = runner.message_hub.log_scalars
    for name in ('loss_cls', 'loss_mask', 'loss_mask_coarse'):
        assert math.isfinite(scalars[f'train/{name}'].current())
    assert {'val/coco/segm_mAP', 'val/coco/boundary_mAP'} <= scalars.keys()
    assert any(not torch.equal(before[name], value)
               for name, value in runner.model.named_parameters())


def first_losses(root, exponents=(None, None), **scores):
    """Losses of the first batch, with these scores in the file."""
    config = pseudo_config(root, write=not root.joinpath('labeled').exists(),
                           pipeline=scored_pipeline(*exponents))
    write_pseudo(root, **scores)
    loader = Runner.build_dataloader(config['train_dataloader'], seed=0)
    torch.manual_seed(0)
    model = MODELS.build(config['model'])
    model.init_weights()
    data = model.data_preprocessor(next(iter(loader)), training=True)
    torch.manual_seed(1)
    return {name: loss for name, loss in model.train().loss(
        data['inputs'], data['data_samples']).items() if 'rpn' not in name}


def same(one, other):
    """Names of the losses that are equal."""
    return {name for name in one if torch.equal(one[name], other[name])}


ALL = {'loss_cls', 'acc', 'loss_bbox', 'loss_mask', 'loss_mask_coarse'}
MASKS = {'loss_mask', 'loss_mask_coarse'}


def test_scores_reach_the_losses_through_their_exponents(tmp_path):
    plain = first_losses(tmp_path, score=1.0, mask_score=1.0)
    assert plain.keys() == ALL
    assert same(plain, first_losses(tmp_path)) == ALL
    for exponents, unchanged in (
            ((0, 0), ALL), ((4, None), ALL - {'loss_cls'}), ((None, 4), ALL - MASKS),
            ((4, 4), ALL - MASKS - {'loss_cls'})):
        weighted = first_losses(tmp_path, exponents, score=0.4, mask_score=0.6)
        assert same(plain, weighted) == unchanged, exponents
        if 'loss_mask' not in unchanged:
            assert weighted['loss_mask'] < plain['loss_mask']
    # Scores of 1 weigh 1.
    assert same(plain, first_losses(tmp_path, (4, 4), score=1.0, mask_score=1.0)) == ALL
