"""The numbers of a run that are shown: losses by branch, pseudo labels, AP."""

import re
from typing import Dict, List, Mapping, Optional

from mmengine.logging import MessageHub

from mmssis.engine.hooks.training_guard_hook import sum_branch

MAIN = ('segm_mAP', 'mAP', 'bbox_mAP')
"""Ends of the name of a metric that stands for its model, the first that there is."""

SHORT = {'_50': 'AP50', 'AP@50': 'AP50', '_75': 'AP75'}


def losses_by_branch(hub: MessageHub, window: int) -> Dict[str, float]:
    """Losses of a run, each branch in one number.

    Args:
        hub: of the run.
        window: updates whose mean is taken, at least 1.

    Returns:
        Sums of ``sup`` and ``unsup``; of a plain detector, which has no branches, ``loss``.
    """
    terms = {name[len('train/'):]: buffer.mean(window)
             for name, buffer in hub.log_scalars.items()
             if name.startswith('train/') and 'loss' in name}
    found = {branch: sum_branch(terms, branch) for branch in ('sup', 'unsup')
             if any(name.startswith(f'{branch}_') for name in terms)}
    return found or {name: value for name, value in terms.items() if name == 'loss'}


def labels_per_image(hub: MessageHub) -> Optional[float]:
    """Pseudo labels per unlabeled image, as they were last logged; None before.

    Args:
        hub: of the run.
    """
    buffer = hub.log_scalars.get('train/pseudo/instances_per_image')
    return None if buffer is None else buffer.current()


def ap_by_branch(metrics: Mapping[str, float]) -> Dict[str, Dict[str, float]]:
    """AP of each model that a validation evaluated.

    Args:
        metrics: as a validation gives them: ``teacher/coco/segm_mAP`` and others.

    Returns:
        ``AP``, and where there are some ``AP50`` and ``AP75``, by ``teacher`` and ``student``, or
        by '' for a plain detector. Empty if there is no AP.
    """
    found = {}
    for branch in ('teacher', 'student', ''):
        own = {name: value for name, value in metrics.items()
               if _branch(name) == branch and isinstance(value, (int, float))}
        main = next((name for end in MAIN for name in own if name.endswith(f'/{end}')), None)
        if main is not None:
            names = {end: f'{main}{end}' if end.startswith('_') else
                     f'{main.rpartition("/")[0]}/{end}' for end in SHORT}
            found[branch] = {'AP': own[main], **{
                SHORT[end]: own[name] for end, name in names.items() if name in own}}
    return found


def ap_in_words(aps: Mapping[str, Mapping[str, float]], whole: bool = True) -> List[str]:
    """As ``teacher AP 0.309 (AP50 0.551, AP75 0.314)``.

    Args:
        aps: of :func:`ap_by_branch`.
        whole: whether to name more than AP.

    Returns:
        Words of each branch.
    """
    words = []
    for branch, (main, *others) in ((branch, ap.items()) for branch, ap in aps.items()):
        text = f'{branch} AP {main[1]:.3f}'.strip()
        more = ', '.join(f'{name} {value:.3f}' for name, value in others)
        words.append(f'{text} ({more})' if whole and more else text)
    return words


def best_in_words(hub: MessageHub) -> Optional[str]:
    """As ``best 0.309 at 300``; None before the first validation, or without ``save_best``.

    Args:
        hub: of the run.
    """
    known = hub.runtime_info
    if 'best_score' not in known or 'best_ckpt' not in known:
        return None
    update = re.search(r'iter_(\d+)', str(known['best_ckpt']))
    return f'best {known["best_score"]:.3f}' + (f' at {update[1]}' if update else '')


def short(value: float, digits: int = 3) -> str:
    """A number without exponent.

    Args:
        value: the number.
        digits: that count, of a number below 10 to their power; larger ones are whole.
    """
    return f'{value:.0f}' if abs(value) >= 10 ** digits - 0.5 else f'{value:.{digits}g}'


def _branch(name: str) -> str:
    """'teacher', 'student', or '' where a metric is of neither."""
    first = name.partition('/')[0]
    return first if first in ('teacher', 'student') else ''
