"""AP of a run as its log has it."""

from typing import Any, Dict, List

from .curves import ap_keys, series
from .work_dir import Scalars


def ap_rows(scalars: Scalars, name: str) -> List[Dict[str, Any]]:
    """The last and the best AP of each branch of a log.

    Args:
        scalars: of a run.
        name: of the run; empty for that of the page.

    Returns:
        ``name``, ``step``, ``ap``, ``ap50``, ``ap75``, ``best`` and ``best_step`` of each.
    """
    rows = []
    for branch, key in sorted(ap_keys(scalars).items(), reverse=True):
        steps, values = series(scalars, key)
        last = [line for line in scalars if key in line][-1]
        best = max(range(len(values)), key=values.__getitem__)
        rows.append(dict(
            name=' '.join(filter(None, (name, branch))) or 'model', step=steps[-1], ap=values[-1],
            ap50=last.get(f'{key}_50'), ap75=last.get(f'{key}_75'), best=values[best],
            best_step=steps[best]))
    return rows
