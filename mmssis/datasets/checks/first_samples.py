"""Whether the pipelines of a run can load what they are given."""

from typing import List

from ..image_errors import UnreadableImageError
from ..samplers.stream_index import seeded_rng
from .set_summary import SetSummary


def check_first_sample(dataset: object, summary: SetSummary, name: str) -> List[str]:
    """Load one sample of a set; the generators of random numbers are left as they were.

    Args:
        dataset: the data set.
        summary: what it holds; files that are not there are another check's.
        name: key of the set in the config.

    Returns:
        At most one problem, with the path of the image.
    """
    broken = set(summary.broken)
    index = next((i for i, path in enumerate(summary.paths) if path not in broken), None)
    if index is None:
        return []
    try:
        with seeded_rng(0):
            dataset[index]
    except UnreadableImageError:
        return []
    except Exception as error:
        return [f'{name}.pipeline fails on {summary.paths[index]}: {type(error).__name__}: {error}.'
                ' Correct the settings of its transforms.']
    return []
