"""PAIS on K-Net, Mask R-CNN and Mask2Former: views of different geometry, weights, edges."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner
from toy_mask_rcnn import flat
from toy_pais import KINDS, build_pais, pais_batch, pais_config, toy_pais

ALL = dict(type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0, min_area=0)
every_kind = pytest.mark.parametrize('kind', KINDS)


@every_kind
def test_a_step_teaches_every_parameter_and_no_iou_or_semantics_by_pseudo_labels(kind):
    """A.10: losses times 0, and 100 full-size masks per image, in the released code."""
    model, found = build_pais(kind), []
    model.watch(lambda stage, pseudo_labels, context: found.extend(pseudo_labels))
    losses = flat(model.loss(**pais_batch()))
    assert {name.split('_')[0] for name in losses} == {'sup', 'unsup'}
    assert all(torch.isfinite(value) for value in losses.values())
    auxiliary = [name for name in losses if 'iou' in name or 'seg' in name]
    assert any(name.startswith('sup_') for name in auxiliary)
    assert all(losses[name] == 0 for name in auxiliary if name.startswith('unsup_'))
    assert sum(map(len, found)) > 0 and all('masks' not in instances for instances in found)
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in model.student.parameters() if p.requires_grad)
    assert all(p.grad is None for p in model.teacher.parameters())


@every_kind
def test_no_pseudo_label_keeps_the_graph_and_weighs_nothing(kind):
    model = build_pais(kind, hooks=dict(
        none=dict(ALL, class_thr=1.0), da_loss=dict(type='AligningWeights', background_weight=0.1)))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = flat(model.loss(**pais_batch()))
    unsup = [value for name, value in losses.items() if name.startswith('unsup_')]
    assert unsup and all(value == 0 for value in unsup)
    sum(losses.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all()
               for p in model.student.parameters() if p.requires_grad)


@pytest.mark.parametrize('kind', ['knet', 'mask-rcnn'])
def test_separate_negatives_change_the_class_loss_on_pseudo_labels_alone(kind):
    model, results = build_pais(kind), []
    for model.candidates.separate_negatives in (False, True):
        torch.manual_seed(7)
        results.append(flat(model.loss(**pais_batch())))
    changed = {name for name, value in results[0].items() if value != results[1][name]}
    assert changed and all(name.startswith('unsup_') and name.endswith('loss_cls')
                           and 'rpn' not in name for name in changed)


def test_the_teachers_background_weighs_negative_rois():
    model = build_pais('mask-rcnn')
    seen = {}
    original = model.candidates.background_scores

    def spy(teacher, boxes):
        seen['boxes'] = boxes
        return [score * 0 for score in original(teacher, boxes)]

    model.candidates.background_scores = spy
    torch.manual_seed(7)
    without = flat(model.loss(**pais_batch()))['unsup_loss_cls']
    model.candidates.background_scores = original
    torch.manual_seed(7)
    with_background = flat(model.loss(**pais_batch()))['unsup_loss_cls']
    assert without != with_background
    assert len(seen['boxes']) == 2 and all((part <= 64).all() for part in seen['boxes'])
    with pytest.raises(RuntimeError, match='call it on the same weak views first'):
        original(model.teacher, seen['boxes'])


def test_candidates_may_not_hide_the_filters_threshold():
    class_thr, score_thr = 0.2, 0.35
    hook = dict(type='DualThresholdFilter', class_thr=class_thr, mask_thr=0.3)
    config = toy_pais('mask-rcnn', hooks=dict(mine=hook))
    config['candidates'] = dict(type='MaskRCNNCandidates', score_thr=score_thr)
    with pytest.raises(ValueError, match=f'score_thr = {score_thr} is above .*hooks.mine keeps'):
        MODELS.build(config)


def test_it_trains_in_the_runner(tmp_path):
    config = Config(pais_config(tmp_path, 'knet', max_iters=4, val=True),
                    format_python_code=False)
    config.default_hooks.statistics = dict(type='PseudoLabelStatisticsHook', interval=1)
    runner = Runner.from_cfg(config)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert scalars['train/pseudo/instances_per_image'].current() > 0
    assert (tmp_path / 'work_dir/iter_4.pth').exists()
    assert any('segm_mAP' in name for name in scalars)
