"""The course of a run as figures of plotly, with the healthy ranges of docs/faq.md shaded."""

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import plotly.graph_objects as go

from .work_dir import Scalars

AP = re.compile(r'(?:(?P<branch>teacher|student)/)?(?P<prefix>[^/]+)/segm_mAP')
"""Mask AP as validation logs it; a run of mmdet has no branch."""

CLASS = 'pseudo/class/'
HEALTHY = 'rgba(46, 160, 67, 0.14)'
Band = Tuple[float, float]


class Curve(NamedTuple):
    """A line of a figure.

    Attributes:
        name: in the legend.
        key: of the log.
        factor: what its values are multiplied by.
    """

    name: str
    key: str
    factor: float = 1.0


class Plan(NamedTuple):
    """What a figure shows.

    Attributes:
        title: above it.
        note: what is healthy, and what to do otherwise.
        curves: its lines; those that are not in the log are left out.
        band: the healthy range, or None where none has numbers.
    """

    title: str
    note: str
    curves: Sequence[Curve]
    band: Optional[Band] = None


def figures_of(scalars: Scalars, burn_in: Optional[float] = None,
               labels_per_image: Optional[float] = None, baseline: Optional[Scalars] = None,
               colors: Optional[Dict[str, str]] = None) -> List[Dict[str, str]]:
    """All figures that the log of a run has numbers for.

    Args:
        scalars: of :func:`~mmssis.report.work_dir.read_scalars`.
        burn_in: iteration at which burn-in ends; None draws no line there.
        labels_per_image: mean number of labels of a labeled image.
        baseline: scalars of another run, whose AP is drawn too.
        colors: class name to its colour.

    Returns:
        ``title``, ``note`` and ``figure``, JSON of plotly, of each.
    """
    scalars = with_loss_sums(scalars)
    plans = [_ap_plan(scalars), *_plans(scalars, labels_per_image)]
    found = []
    for plan in plans:
        figure = _figure(scalars, plan, burn_in)
        if plan.title == 'Mask AP' and baseline:
            _add_baseline(figure, baseline)
        if figure.data:
            found.append(dict(title=plan.title, note=plan.note, figure=figure.to_json()))
    return found + _class_figure(scalars, colors or {})


def series(scalars: Scalars, key: str) -> Tuple[List[int], List[float]]:
    """Steps and values of a key, in order."""
    points = [(int(line['step']), line[key]) for line in scalars if key in line]
    return [step for step, _ in points], [value for _, value in points]


def ap_keys(scalars: Scalars) -> Dict[str, str]:
    """Branch ('teacher', 'student', or '' of a plain detector) to its key of mask AP."""
    keys = dict.fromkeys(key for line in scalars for key in line)
    return {match['branch'] or '': key for key in keys if (match := AP.fullmatch(key))}


def with_loss_sums(scalars: Scalars) -> Scalars:
    """The same lines with ``sum/sup`` and ``sum/unsup``, the sums of the terms of a branch."""
    lines = []
    for line in scalars:
        sums = {f'sum/{branch}': sum(terms) for branch in ('sup', 'unsup')
                if (terms := [value for key, value in line.items()
                              if key.startswith(f'{branch}_') and 'loss' in key])}
        lines.append({**line, **sums})
    return lines


def _ap_plan(scalars: Scalars) -> Plan:
    """AP of each branch."""
    curves = [Curve(branch or 'model', key, 100.0) for branch, key in ap_keys(scalars).items()]
    return Plan('Mask AP', 'On the validation images. If it falls when burn-in ends, lengthen '
                'burn-in or raise the thresholds.', curves)


def _plans(scalars: Scalars, labels_per_image: Optional[float]) -> Iterator[Plan]:
    """The figures of docs/faq.md, "Are my pseudo labels any good?", and the losses."""
    yield Plan('Losses', 'All terms of a branch, weighed and summed.',
               [Curve('labeled images', 'sum/sup'), Curve('unlabeled images', 'sum/unsup')])
    limit = 'that of labeled images'
    if labels_per_image:
        limit = f'the {labels_per_image:.2g} of a labeled image'
    yield Plan('Pseudo labels per unlabeled image',
               f'Healthy: it grows and stays below {limit}. 0: burn-in is too short or a threshold '
               'too high. Above: thresholds are too low.',
               [Curve('per image', 'pseudo/instances_per_image')],
               (0, labels_per_image) if labels_per_image else None)
    kept = [key for key in dict.fromkeys(key for line in scalars for key in line)
            if key.startswith('pseudo/kept/') and min(series(scalars, key)[1]) < 1]
    yield Plan('Share that passes each hook',
               'Healthy: neither 0 nor 1. Hooks that never drop anything are left out.',
               [Curve(key.rpartition('/')[2], key) for key in kept], (0.005, 0.995))
    yield Plan('Mean scores of the pseudo labels',
               'Healthy: they rise slowly. Near 1 while AP falls: lower model.unsup_weight.',
               [Curve('class score', 'pseudo/class_score'),
                Curve('mask score', 'pseudo/mask_score')])
    yield Plan('Unsupervised over supervised loss',
               'Healthy: about 1 or below. Well above: lower model.unsup_weight or set '
               'model.ramp_up.', [Curve('ratio', 'pseudo/unsup_to_sup')], (0, 1))
    yield Plan('Labels that the correction of classes changes',
               'Healthy: a few per cent, falling. Many: does the classifier know these names?',
               [Curve('share', 'pseudo/labels_changed')], (0, 0.1))
    yield Plan('Against the hidden truth',
               'Of all pseudo labels since the last log. The truth is read for this only.',
               [Curve(name, f'pseudo/{key}') for name, key in
                (('precision', 'precision'), ('recall', 'recall'),
                 ('class accuracy', 'class_accuracy'), ('mask IoU', 'mask_iou'))])


def _figure(scalars: Scalars, plan: Plan, burn_in: Optional[float]) -> go.Figure:
    """Lines, the healthy range, and the end of burn-in; without data where the log has none."""
    figure = go.Figure(layout=dict(
        template='none', xaxis=dict(title='iteration', rangemode='tozero'),
        yaxis=dict(rangemode='tozero'), hovermode='x unified', hoverdistance=-1,
        legend=dict(orientation='h', y=1.02, yanchor='bottom')))
    for curve in plan.curves:
        steps, values = series(scalars, curve.key)
        if steps:
            figure.add_scatter(x=steps, y=[round(curve.factor * value, 4) for value in values],
                               name=curve.name, mode='lines+markers', marker=dict(size=5),
                               showlegend=True)
    if plan.band:
        figure.add_hrect(y0=plan.band[0], y1=plan.band[1], fillcolor=HEALTHY, line_width=0,
                         layer='below')
    last = max((line['step'] for line in scalars), default=0)
    if burn_in and burn_in <= last:
        figure.add_vline(x=burn_in, line=dict(dash='dot', width=1, color='#888'),
                         annotation=dict(text='burn-in ends', font=dict(size=10, color='#888')))
    return figure


def _add_baseline(figure: go.Figure, baseline: Scalars) -> None:
    """AP of another run; of the branch that it has numbers of, the teacher's first."""
    keys = ap_keys(baseline)
    for branch in ('teacher', 'student', ''):
        if branch in keys:
            steps, values = series(baseline, keys[branch])
            figure.add_scatter(
                x=steps, y=[round(100 * value, 2) for value in values], name='baseline',
                mode='lines+markers', line=dict(dash='dash'), marker=dict(size=5), showlegend=True)
            return


def _class_figure(scalars: Scalars, colors: Dict[str, str]) -> List[Dict[str, str]]:
    """How often each class was taught, over the logged steps."""
    counts: Dict[str, float] = {}
    for line in scalars:
        for key, value in line.items():
            if key.startswith(CLASS):
                name = key[len(CLASS):]
                counts[name] = counts.get(name, 0) + value
    if not counts:
        return []
    bars = go.Bar(x=list(counts), y=list(counts.values()),
                  marker_color=[colors[name] if name in colors else '#888' for name in counts])
    figure = go.Figure(bars, layout=dict(
        template='none', yaxis=dict(title='pseudo labels'), showlegend=False))
    return [dict(title='Pseudo labels by class', figure=figure.to_json(),
                 note='In the steps that were logged. Healthy: rare classes occur too.')]
