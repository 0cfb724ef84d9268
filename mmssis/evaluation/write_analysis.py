"""Write analyses of instances: numbers as JSON, pictures as PNG, a line of text for each."""

import json
from pathlib import Path
from typing import Dict, Iterator

from .confusion import class_accuracy, largest_confusions
from .error_types import ERROR_TYPES
from .figures import draw_confusion, draw_error_types, draw_scores
from .instance_analysis import InstanceAnalysis


def write_analysis(analyses: Dict[str, InstanceAnalysis], out_dir: Path,
                   max_classes: int = 29) -> None:
    """Write ``analysis.json``, ``error_types.png`` and for each analysis its own pictures.

    These are ``confusion_<name>.png`` and, with scores, ``scores_<name>.png``.

    Args:
        analyses: name of a stage or of a model to its analysis, in order.
        out_dir: folder, which is made; files of these names are replaced.
        max_classes: classes in a picture of a confusion matrix, the most confused ones.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / 'analysis.json').write_text(
        json.dumps({name: each.summary() for name, each in analyses.items()}))
    draw_error_types({name: each.error_types for name, each in analyses.items()}).savefig(
        out_dir / 'error_types.png')
    for name, each in analyses.items():
        draw_confusion(each.confusion, each.classes, max_classes, name).savefig(
            out_dir / f'confusion_{name}.png')
        if points := each.points():
            draw_scores(points, each.correlations()).savefig(out_dir / f'scores_{name}.png')


def lines_of(analyses: Dict[str, InstanceAnalysis], max_confusions: int = 5) -> Iterator[str]:
    """What a tool prints.

    Args:
        analyses: as for :func:`write_analysis`.
        max_confusions: how many pairs of classes are named for each.

    Yields:
        Lines of text.
    """
    for name, each in analyses.items():
        total = max(float(each.error_types.sum()), 1)
        types = ', '.join(f'{kind} {100 * float(count) / total:.1f}'
                          for kind, count in zip(ERROR_TYPES, each.error_types))
        yield (f'{name}: {int(each.error_types.sum())} instances in {each.images} images; class '
               f'accuracy {class_accuracy(each.confusion):.3f}; in percent {types}')
        yield '  ' + ('; '.join(largest_confusions(each.confusion, each.classes, max_confusions))
                      or 'no two classes are confused')
        for score, value in each.correlations().items():
            shown = 'does not exist' if value is None else f'{value:.3f}'
            yield f'  rank correlation of {score} and IoU: {shown}'
