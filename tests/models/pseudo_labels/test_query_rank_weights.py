"""QueryRankWeights: which queries are learned from, the weights, and its hosts."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from reference.rank_equations import channel_ranks
from torch import nn
from toy import labeled_sample
from toy_pais import build_pais, pais_batch

from mmssis.models.pseudo_labels import QueryRankWeights

K, D, Q, SIZE = 3, 6, 5, 32
ALL = dict(type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0, min_area=0)


def hook_and_teacher(**settings):
    teacher = nn.Sequential(nn.Identity()).eval()
    hook = QueryRankWeights('0', **dict(dict(channels=D, num_classes=K, k=2), **settings))
    hook.attach(teacher)
    return hook, teacher


def candidates(masks, labels):
    """One query per mask (x1, y1, x2, y2) on the grid of 8 x 8."""
    logits = torch.full((len(masks), 8, 8), -5.0)
    for logit, (x1, y1, x2, y2) in zip(logits, masks):
        logit[y1:y2, x1:x2] = 5.0
    return InstanceData(
        metainfo=dict(input_shape=(SIZE, SIZE)), mask_logits=logits,
        labels=torch.tensor(labels, dtype=torch.long), query_inds=torch.arange(len(labels)))


def sample_of(boxes, labels):
    """True masks (x1, y1, x2, y2) in cells of 4 pixels."""
    sample = labeled_sample(SIZE, labels)
    masks = np.zeros((len(labels), SIZE, SIZE), np.uint8)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes):
        mask[4 * y1:4 * y2, 4 * x1:4 * x2] = 1
    sample.gt_instances.masks.masks = masks
    return sample


@pytest.mark.parametrize('queries, labels, true, classes, expected', [
    pytest.param([(0, 0, 4, 4)], [1], [(0, 0, 4, 4)], [1], [(0, 1)], id='found'),
    pytest.param([(0, 0, 4, 4)], [0], [(0, 0, 4, 4)], [1], [(None, -1)], id='another class'),
    pytest.param([(0, 0, 2, 3)], [1], [(0, 0, 4, 4)], [1], [(None, -1)], id='a low IoU'),
    pytest.param([(0, 0, 4, 4)], [1], [], [], [], id='no true instance'),
    pytest.param([], [], [(0, 0, 4, 4)], [1], [], id='no candidate'),
    pytest.param([(0, 0, 4, 3), (0, 0, 4, 4), (4, 4, 8, 8)], [1, 1, 2],
                 [(4, 4, 8, 8), (0, 0, 4, 4)], [2, 1], [(2, 2), (1, 1)], id='the best of each'),
])
def test_query_of_each_true_instance(queries, labels, true, classes, expected):
    hook, _ = hook_and_teacher()
    found, its = hook.find(candidates(queries, labels), sample_of(true, classes))
    assert its.tolist() == [label for _, label in expected]
    assert all(query is None or query == each for (query, _), each in zip(expected, found))


def test_labels_without_masks_teach_nothing():
    hook, teacher = hook_and_teacher()
    sample = sample_of([(0, 0, 4, 4)], [1])
    del sample.gt_instances.masks
    teacher(torch.rand(1, Q, D))
    hook.learn([candidates([(0, 0, 4, 4)], [1])], [sample])
    assert not hook.labeled.has_features.any()


def filled(**settings):
    hook, teacher = hook_and_teacher(**settings)
    embeddings = torch.randn(2, Q, D)
    teacher(embeddings)
    hook.learn([candidates([(0, 0, 4, 4)], [1])] * 2, [sample_of([(0, 0, 4, 4)], [1])] * 2)
    assert hook.labeled.counts.tolist() == [0, 2, 0]
    assert torch.equal(hook.labeled.features[1, -2:], embeddings[:, 0])
    return hook, teacher


@pytest.mark.parametrize('before', [dict(), dict(cls_weights=torch.tensor([0.5, 2.0, 1.0]))],
                         ids=['alone', 'with DALoss'])
def test_weights_are_those_of_the_sets(before):
    hook, teacher = filled(offset=0.25)
    embeddings = torch.randn(1, Q, D)
    teacher(embeddings)
    instances = candidates([(0, 0, 1, 1)] * Q, [1, 1, 0, 1, 1])[torch.tensor([4, 2, 1])]
    for name, value in before.items():
        instances.set_field(value, name)
    weighed = hook([instances[:]], None)[0]
    prototype = set(channel_ranks(hook.labeled.prototypes()[1].tolist(), 2))
    overlap = [len(prototype & set(channel_ranks(embeddings[0, q].tolist(), 2))) / 2
               for q in (4, 2, 1)]
    overlap[1] = 1.0  # class 0 has no prototype
    expected = (0.25 + torch.tensor(overlap)) / 1.25
    assert torch.allclose(weighed.mask_weights, expected)
    scale = before['cls_weights'] if before else 1.0
    assert torch.allclose(weighed.cls_weights, scale * expected)


def test_empty_in_empty_out():
    hook, teacher = filled()
    teacher(torch.randn(1, Q, D))
    weighed = hook([candidates([], [])], None)[0]
    assert weighed.cls_weights.shape == weighed.mask_weights.shape == (0, )


def test_says_what_is_missing():
    hook, teacher = hook_and_teacher()
    with pytest.raises(ValueError, match='num_classes = 3'):
        hook.prepare(('a', ))
    instances = candidates([(0, 0, 4, 4)], [1])
    del instances.query_inds
    teacher(torch.rand(1, Q, D))
    with pytest.raises(ValueError, match='no query_inds.*KNetCandidates'):
        hook([instances], None)
    teacher(torch.rand(1, Q, D, 2))
    with pytest.raises(ValueError, match=r'\(1, 5, 6, 2\): set channels = 6'):
        hook([instances], None)
    with pytest.raises(ValueError, match='iou_thr = 2'):
        hook_and_teacher(iou_thr=2)
    with pytest.raises(RuntimeError, match='attach'):
        QueryRankWeights('0', D, K)([instances], None)


@pytest.mark.parametrize('kind, settings', [
    ('mask2former', dict(layer='panoptic_head.transformer_decoder.post_norm')),
    ('knet', dict(layer='update_heads.2', output_index=0)),
])
def test_hosts(kind, settings, clock):
    """The layer's last call is that of the queries that are the candidates."""
    clock(0, 10)
    ranks = dict(type='QueryRankWeights', channels=32, num_classes=K, iou_thr=0.0, **settings)
    model = build_pais(kind, hooks=[ALL, ranks])
    batch = pais_batch()
    losses = model.loss(**batch)
    assert all(torch.isfinite(value).all() for value in losses.values())
    hook = model.pseudo_label_hooks[1]
    seen = batch['multi_batch_data_samples']['unsup_student'][0].gt_instances
    assert 'cls_weights' in seen and 'mask_weights' in seen and 'query_inds' in seen
    if kind == 'knet':
        images = batch['multi_batch_inputs']['unsup_teacher']
        _, stages = model.teacher.run_stages(model.teacher.extract_feat(images))
        assert torch.allclose(hook._output.take(2), stages[-1].features, atol=1e-5)
