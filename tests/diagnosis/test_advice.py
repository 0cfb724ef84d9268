"""Rules of the advice."""

import shlex

import pytest

from mmssis.commands.options import read_cfg_options
from mmssis.diagnosis import ERRORS, Facts, advise
from mmssis.utils import load_config

THRESHOLD = 'model.pseudo_label_hooks.ddtf.class_thr=0.6'
FACTS = Facts(
    costs=dict.fromkeys(ERRORS, 0.0), counts=dict.fromkeys(ERRORS, 5), objects=50, most_objects=9,
    mask_iou=.85, confusions=['otter as bear: 4'], hooks=dict(ddtf='DualThresholdFilter'),
    num_queries=20, image_size=(192, 192), burn_in=150, thresholds=THRESHOLD,
    keep_more=False, pseudo=0, wrong={})


def facts(kind, **others):
    """Facts of a model in which one kind of error costs 10 points."""
    return FACTS._replace(costs={**FACTS.costs, kind: .1}, **others)


# why: facts, text that is in the reason or a step
RULES = {
    'classes: which': (facts('class'), 'otter as bear: 4'),
    'classes: a correction': (facts('class'), 'docs/custom_data.md#what-to-change-next'),
    'classes: a correction that errs': (
        facts('class', hooks=dict(dicc='ClipCategoryCorrection')),
        '--cfg-options model.pseudo_label_hooks.dicc=None'),
    'masks: PMUA': (facts('mask'), '--cfg-options model.pseudo_label_hooks.pmua.type='),
    'masks: larger images': (facts('mask'), '--cfg-options image_size="[288,288]"'),
    'masks: images whose size is not known': (facts('mask', image_size=None), 'larger images: see'),
    'missed: longer burn-in': (facts('missed'), '--cfg-options schedule.burn_in=300'),
    'missed: queries': (facts('missed', most_objects=31), '--cfg-options num_queries=31'),
    'missed: lower thresholds': (facts('missed', keep_more=True), f'--cfg-options {THRESHOLD}'),
    'background: higher thresholds': (facts('background'), f'--cfg-options {THRESHOLD}'),
    'duplicates: higher thresholds': (facts('duplicate'), f'--cfg-options {THRESHOLD}'),
    'both: longer burn-in': (facts('both'), 'schedule.burn_in=300'),
    'background: labels': (facts('background'), 'are all objects of the labeled images labeled'),
    'duplicates of queries': (facts('duplicate'), 'longer on labels alone'),
    'duplicates of pseudo labels': (
        facts('duplicate', pseudo=40, wrong=dict(duplicate=9)), '9 of 40 pseudo labels'),
    'duplicates of boxes': (facts('duplicate', num_queries=None), 'nms.iou_threshold'),
}


@pytest.mark.parametrize('known, text', RULES.values(), ids=RULES)
def test_rules(known, text):
    advice, = advise(known)
    assert known.costs[advice.problem] == .1 and '10.0 of AP50' in advice.reason
    assert any(text in line for line in (advice.reason, *advice.steps))


# why: facts, text that is in no step
LEFT_OUT = {
    'PMUA is there': (facts('mask', hooks=dict(pmua='MaskUncertainty')), 'pmua'),
    'burn-in ends itself': (facts('missed', burn_in='auto'), 'burn_in'),
    'no burn-in': (facts('both', burn_in=0), 'burn_in'),
    'enough queries': (facts('missed'), 'num_queries'),
    'missed: higher thresholds': (facts('missed'), THRESHOLD),
    'background: lower thresholds': (facts('background', keep_more=True), THRESHOLD),
    'no thresholds': (facts('background', thresholds=None), 'suggested'),
}


@pytest.mark.parametrize('known, text', LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_does_not_apply_is_left_out(known, text):
    advice, = advise(known)
    assert advice.steps and not any(text in step for step in advice.steps)


# why: facts, problems
STANDS_OUT = {
    'nothing': (FACTS, []),
    'too cheap': (FACTS._replace(costs={**FACTS.costs, 'mask': .02}), []),
    'too small a share': (FACTS._replace(costs={**FACTS.costs, 'mask': .5, 'class': .1}), ['mask']),
    'the dearest first': (
        FACTS._replace(costs={**FACTS.costs, 'mask': .1, 'class': .2}), ['class', 'mask']),
    'rough masks of found objects': (FACTS._replace(mask_iou=.6), ['mask']),
    'many pseudo labels': (FACTS._replace(pseudo=40, wrong=dict(duplicate=8)), ['duplicate']),
    'few pseudo labels': (FACTS._replace(pseudo=40, wrong=dict(duplicate=7)), []),
    'no pseudo label': (FACTS._replace(pseudo=0, wrong=dict(duplicate=0)), []),
    'nothing is found': (facts('missed', mask_iou=None), ['missed']),
}


@pytest.mark.parametrize('known, problems', STANDS_OUT.values(), ids=STANDS_OUT)
def test_what_stands_out(known, problems):
    assert [advice.problem for advice in advise(known)] == problems


def test_options_can_be_pasted():
    steps = {step for known, _ in RULES.values() for step in advise(known)[0].steps}
    options = {word for step in steps for word in shlex.split(step.partition('--cfg-options ')[2])}
    assert len(options) == 6
    for option in options:
        load_config('mmssis::pldc/mask2former_lite0_animals2pct.py', read_cfg_options([option]),
                    check_data=False)
