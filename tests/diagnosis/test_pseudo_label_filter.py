"""What a filter asks of candidates, and its settings."""

import pytest
import torch
from mmdet.registry import MODELS
from toy import toy_model

from mmssis.diagnosis.pseudo_label_filter import FLOOR, filter_of
from mmssis.models.pseudo_labels import ClipCategoryCorrection

PLACE = 'model.pseudo_label_hooks.only'


def filter_with(type, **settings):
    """The filter of a toy model."""
    return filter_of(MODELS.build(toy_model(dict(only=dict(type=type, **settings)))))


# why: settings, thresholds, scores of (0.8, 0.5), options of 0.3 and more
FILTERS = {
    'class and mask': (dict(type='DualThresholdFilter', class_thr=.7, mask_thr=.85), (.7, .85),
                       (.8, .5), f'{PLACE}.class_thr=0.3 {PLACE}.mask_thr=0.4'),
    'their product': (dict(type='CoupledThresholdFilter', score_thr=.7), (.7, ), (.4, ),
                      f'{PLACE}.score_thr=0.3'),
    'class': (dict(type='ClassThresholdFilter', class_thr=.7), (.7, ), (.8, ),
              f'{PLACE}.class_thr=0.3'),
}


@pytest.mark.parametrize('settings, now, scores, options', FILTERS.values(), ids=FILTERS)
def test_filters(settings, now, scores, options):
    used = filter_with(**settings)
    assert used.now == now and used.stage_before == 'candidates'
    assert used.scores(torch.tensor([.8]), torch.tensor([.5])) == pytest.approx(
        torch.tensor([scores]).numpy())
    assert used.options((.3, .4)[:len(now)]) == options
    for grid, value in zip(used.grids(), now):
        assert value in grid and list(grid) == sorted(set(grid))
    with pytest.raises(KeyError), used.opened():
        assert used.now == (FLOOR, 0.0)[:len(now)]
        raise KeyError
    assert used.now == now


def test_what_must_follow_a_lower_threshold():
    used = filter_with('DualThresholdFilter', class_thr=.7, mask_thr=.5)
    used.model.candidates.score_thr = .7
    correction = ClipCategoryCorrection.__new__(ClipCategoryCorrection)
    torch.nn.Module.__init__(correction)
    correction.class_thr = .7
    used.model.pseudo_label_hooks['dicc'] = correction
    dicc = 'model.pseudo_label_hooks.dicc.class_thr'
    for lowest, words in ((.6, {'model.candidates.score_thr=0.6', f'{dicc}=0.6'}),
                          (.4, {'model.candidates.score_thr=0.4', f'{dicc}=None'}),
                          (.8, {f'{dicc}=0.8'})):
        assert set(used.options((lowest, .5)).split()[2:]) == words
    with used.opened():
        assert correction.class_thr is None and used.model.candidates.score_thr == FLOOR
    assert correction.class_thr == used.model.candidates.score_thr == .7


def test_a_model_without_one_number():
    with pytest.raises(ValueError, match='only is a AdaptiveThresholdFilter'):
        filter_with('AdaptiveThresholdFilter', num_classes=3)
    with pytest.raises(ValueError, match='no threshold filter'):
        filter_with('MaskUncertainty')
