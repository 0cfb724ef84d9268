"""The papers' figures about instances, drawn from the numbers of an analysis."""

from typing import Dict, Optional, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from .confusion import most_confused
from .error_types import ERROR_TYPES

COLORS = ('#4c9f70', '#e8b84a', '#e07b53', '#b5485d', '#8a8a8a')
RIGHT, WRONG = '#3b75af', '#d1603d'


def draw_confusion(matrix: Tensor, classes: Sequence[str], max_classes: int = 29,
                   title: str = '') -> Figure:
    """Draw a confusion matrix, each row as shares of its sum (PL-DC, Fig. 3).

    Args:
        matrix: (K + 1, K + 1) of :func:`confusion_matrix`.
        classes: K names.
        max_classes: at most so many are drawn, the most confused ones; the background always is.
        title: above the picture.
    """
    shown = [*most_confused(matrix, max_classes), len(classes)]
    names = [[*classes, 'background'][i] for i in shown]
    shares = (matrix / matrix.sum(1, keepdim=True).clamp(min=1))[shown][:, shown].numpy()
    size = 2.5 + 0.32 * len(shown)
    figure = Figure(figsize=(size + 0.5, size), dpi=120, layout='constrained')
    axes = figure.add_subplot(title=title, xlabel='instance', ylabel='truth')
    image = axes.imshow(shares, vmin=0, vmax=1, cmap='Blues')
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    for row, column in zip(*np.nonzero(shares >= 0.005)):
        axes.text(column, row, f'{100 * shares[row, column]:.0f}', ha='center', va='center',
                  fontsize=6, color='white' if shares[row, column] > 0.6 else 'black')
    figure.colorbar(image, label='share of the row', shrink=0.7)
    return figure


def draw_scores(points: Dict[str, np.ndarray], correlations: Dict[str, Optional[float]]) -> Figure:
    """Draw each score against the IoU with the best true mask (PL-DC, Fig. 2; PAIS, Fig. 1).

    Args:
        points: of :meth:`InstanceAnalysis.points`.
        correlations: of :meth:`InstanceAnalysis.correlations`; one panel for each.
    """
    figure = Figure(figsize=(3.4 * len(correlations), 3.6), dpi=120, layout='constrained')
    colors = np.where(points['class is right'], RIGHT, WRONG)
    for axes, (name, value) in zip(
            figure.subplots(1, len(correlations), squeeze=False)[0], correlations.items()):
        axes.scatter(points[name], points['IoU'], s=4, c=colors, alpha=0.5, linewidths=0)
        rho = 'none' if value is None else f'{value:.2f}'
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=name, title=f'rank correlation {rho}')
    figure.supylabel('IoU with the best true mask', fontsize='medium')
    for color, label in ((RIGHT, 'its class is right'), (WRONG, 'its class is wrong')):
        axes.scatter([], [], s=16, c=color, label=label)
    figure.legend(loc='outside lower center', ncols=2, frameon=False)
    return figure


def draw_error_types(counts: Dict[str, Tensor]) -> Figure:
    """Draw the shares of the error types, one stacked bar each (PL-DC, Fig. 5).

    Args:
        counts: name of the bar to counts (5,), in the order of :data:`ERROR_TYPES`.
    """
    figure = Figure(figsize=(7, 1.4 + 0.5 * len(counts)), dpi=120, layout='constrained')
    axes = figure.add_subplot(xlabel='share of the instances', xlim=(0, 1))
    names = [f'{name} ({int(types.sum())})' for name, types in counts.items()]
    shares = np.array([(types / types.sum().clamp(min=1)).numpy() for types in counts.values()])
    left = shares.cumsum(1) - shares
    for name, color, start, width in zip(ERROR_TYPES, COLORS, left.T, shares.T):
        bars = axes.barh(names, width, left=start, color=color, label=name)
        axes.bar_label(bars, [f'{100 * value:.0f}' if value >= 0.03 else '' for value in width],
                       label_type='center', fontsize=8)
    axes.invert_yaxis()
    figure.legend(loc='outside upper center', ncols=len(ERROR_TYPES), frameon=False)
    return figure


def draw_precision_recall(classes: Sequence[str], precision: Tensor, recall: Tensor) -> Figure:
    """Draw precision and recall of each class that occurs, the highest recall first.

    Args:
        classes: K names.
        precision: (K,), NaN where it does not exist.
        recall: (K,), NaN for classes that do not occur.
    """
    occurs = np.flatnonzero(~recall.isnan().numpy())
    order = occurs[np.argsort(-recall.numpy()[occurs], kind='stable')]
    figure = Figure(figsize=(5, 1.4 + 0.24 * len(order)), dpi=120, layout='constrained')
    axes = figure.add_subplot(xlim=(0, 1))
    places = np.arange(len(order))
    for values, name, color, shift in ((recall, 'recall', RIGHT, -0.2),
                                       (precision, 'precision', WRONG, 0.2)):
        axes.barh(places + shift, np.nan_to_num(values.numpy()[order]), 0.4, color=color,
                  label=name)
    axes.set_yticks(places, [classes[i] for i in order], fontsize='small')
    axes.invert_yaxis()
    figure.legend(loc='outside upper center', ncols=2, frameon=False)
    return figure
