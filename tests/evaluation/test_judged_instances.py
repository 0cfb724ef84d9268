"""Instances beside their truth: what counts, best overlaps, scores, sums over images."""

import pytest
import torch
from mmengine.structures import InstanceData
from reference.instance_analysis import spearman
from toy import bare_sample
from toy_pais import KINDS, build_pais

from mmssis.evaluation import ERROR_TYPES, InstanceAnalysis, judge_stages
from mmssis.evaluation.judged_instances import judged, quality_scores
from mmssis.evaluation.score_quality import rank_correlation


def longs(*values):
    return torch.tensor(values, dtype=torch.long)


def test_an_instance_in_a_crowd_counts_only_if_it_covers_an_object():
    iou, in_crowd = torch.tensor([[.6], [.5], [.1]]), torch.tensor([True, True, False])
    image = judged(iou, longs(0, 1, 2), longs(0), in_crowd, dict(s=torch.tensor([.1, .2, .3])))
    assert image.labels.tolist() == [0, 2]
    assert image.scores['s'].tolist() == pytest.approx([.1, .3])


def test_best_overlap_and_its_class():
    image = judged(torch.tensor([[.2, .7], [.6, .1], [0, 0]]), longs(1, 1, 0), longs(0, 1),
                   torch.zeros(3, dtype=torch.bool))
    assert image.best_iou().tolist() == pytest.approx([.7, .6, 0])
    assert image.best_is_same_class().tolist() == [True, False, False]
    nothing = judged(torch.zeros(2, 0), longs(0, 1), longs(), torch.zeros(2, dtype=torch.bool))
    assert nothing.best_iou().tolist() == [0, 0]
    assert not nothing.best_is_same_class().any()


def candidates(**fields):
    """Two masks of 2 x 2 at the resolution of the input; logits of 0.9 and of 0.8 and 0.6."""
    probs = torch.tensor([[[.9, .9], [.1, .1]], [[.8, .6], [.1, .1]]])
    return InstanceData(metainfo=dict(input_shape=(2, 2)), mask_logits=probs.logit(),
                        class_scores=torch.tensor([.5, .8]), labels=longs(0, 1), **fields)


def test_scores():
    scores = quality_scores(candidates())
    # Eq. 4: the mean of the probabilities above 0.5.
    assert {name: values.tolist() for name, values in scores.items()} == {
        'class score': pytest.approx([.5, .8]), 'mask score': pytest.approx([.9, .7]),
        'product': pytest.approx([.45, .56])}


def test_a_predicted_iou_stands_beside_the_mask_score():
    given = candidates(mask_scores=torch.tensor([.3, .4]))
    scores = quality_scores(given)
    assert scores['predicted IoU'].tolist() == pytest.approx([.3, .4])
    assert scores['mask score'].tolist() == pytest.approx([.9, .7])
    assert 'masks' not in given and 'mask_scores' in given


@pytest.mark.parametrize('scores, iou, expected', [
    ([.1, .5, .9], [.2, .3, .8], 1), ([.1, .5, .9], [.8, .3, .2], -1),
    ([.1, .5, .9, .9], [.2, .1, .8, .8], spearman([1, 2, 3, 3], [2, 1, 3, 3])),
    ([.5, .5], [.1, .2], None), ([.1, .2], [0, 0], None), ([.1], [.1], None), ([], [], None)])
def test_rank_correlation(scores, iou, expected):
    found = rank_correlation(torch.tensor(scores).numpy(), torch.tensor(iou).float().numpy())
    assert found == (expected if expected is None else pytest.approx(expected))


def test_an_analysis_is_the_sum_over_images():
    analysis = InstanceAnalysis(('cat', 'dog'), longs(0, 0))
    none = torch.zeros(2, dtype=torch.bool)
    # A right cat and a dog without object; then a cat with 0.8 that is called a dog.
    analysis.add(judged(torch.tensor([[.9], [0]]), longs(0, 1), longs(0), none,
                        dict(score=torch.tensor([.9, .1]))))
    analysis.add(judged(torch.tensor([[.8]]), longs(1), longs(0), none[:1],
                        dict(score=torch.tensor([.7]))))
    summary = analysis.summary()
    assert dict(zip(ERROR_TYPES, analysis.error_types.tolist())) == summary['error_types'] == dict(
        Cor=1, Loc=0, Sim=1, Oth=0, BG=1)
    assert summary['confusion'] == [[1, 1, 0], [0, 0, 0], [0, 1, 0]]
    assert (summary['images'], summary['instances'], summary['objects']) == (2, 3, 2)
    assert (summary['precision'], summary['recall']) == ([1.0, 0.0], [0.5, None])
    assert summary['class_accuracy'] == 0.5
    assert summary['rank_correlation'] == {'score': pytest.approx(1.0)}
    assert summary['points'] == {'score': [.9, .1, .7], 'IoU': [.9, 0, .8],
                                 'class is right': [1, 0, 0]}
    empty = InstanceAnalysis(('cat', 'dog')).summary()
    assert empty['class_accuracy'] is None and empty['precision'] == [None, None]
    assert empty['points'] == {} == empty['rank_correlation']


class Truth:
    """The left half of every view is a cat."""

    def in_view(self, meta, shape, stride, device):
        masks = torch.zeros(1, shape[0] // stride, shape[1] // stride, dtype=torch.bool)
        masks[:, :, :masks.shape[2] // 2] = True
        return InstanceData(labels=longs(0), masks=masks), masks[:0]


@pytest.mark.parametrize('kind', KINDS)
def test_stages_of_every_family_that_predicts_an_iou(kind):
    model = build_pais(kind).eval()
    samples, images = [bare_sample()], torch.randn(1, 3, 64, 64)
    seen = {}
    stop = model.watch(lambda stage, found, context: seen.setdefault(stage, found[0][:]))
    model.predict_pseudo_labels(images, samples)
    stop()
    score_thr = float(seen['candidates'].class_scores.median())
    stages = judge_stages(model, dict(inputs=images, data_samples=samples), Truth(), score_thr, 4)
    assert [*stages] == ['candidates', 'dual_threshold', 'da_loss']
    candidates = stages['candidates']
    kept = seen['candidates'][seen['candidates'].class_scores >= score_thr]
    assert len(kept) < len(seen['candidates'])
    torch.testing.assert_close(candidates.scores['predicted IoU'], kept.mask_scores)
    assert not torch.equal(candidates.scores['mask score'], candidates.scores['predicted IoU'])
    assert candidates.iou.shape == (len(kept), 1)
    assert stages['da_loss'].labels.tolist() == seen['da_loss'].labels.tolist()
