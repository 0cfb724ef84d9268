"""How right the teacher's labels are on labeled images."""

from contextlib import contextmanager
from typing import Iterator, List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BaseInstanceMasks
from mmengine.dataset import pseudo_collate
from mmengine.dist import get_dist_info
from mmengine.structures import InstanceData
from torch import Tensor, nn
from torch.utils.data import Dataset

from mmssis.datasets.samplers import StreamIndex
from mmssis.evaluation import MATCH_COUNTS, count_matches
from mmssis.models.detectors import SemiInstanceSegmentor
from mmssis.structures import resolve_masks

BURN_IN_END = 'burn_in_end'
"""Key of ``message_hub`` for the iteration before which burn-in ended; inf while it lasts."""

BURN_IN_HELD = 'burn_in_held'
"""Key of ``message_hub`` for the number of measurements in a row that reached the targets."""

VIEW_STREAM = 16
STRIDE = 4


def load_weak_views(dataset: Dataset, indices: Sequence[int], seed: int) -> List[dict]:
    """Weak views of labeled images, of which each rank loads its part.

    Args:
        dataset: a :class:`mmssis.datasets.SemiDataset` whose first source is the labeled one.
        indices: of the images.
        seed: of the augmentation; the global generators stay as they are.

    Returns:
        One item per image with the branch ``sup`` alone, as a pipeline gives it.
    """
    rank, world_size = get_dist_info()
    items = [dataset[StreamIndex(index, position, VIEW_STREAM, seed)]
             for position, index in enumerate(indices) if position % world_size == rank]
    return [{key: dict(sup=branches['sup']) for key, branches in item.items()} for item in items]


@torch.no_grad()
def count_right_labels(detector: SemiInstanceSegmentor, views: Sequence[dict],
                       batch_size: int) -> Tensor:
    """Compare what the filters keep of the teacher's candidates with true labels.

    Other pseudo-label hooks do not run; no hook learns from it.

    Args:
        detector: with the teacher to judge.
        views: of :func:`load_weak_views`.
        batch_size: images of a forward.

    Returns:
        (6,) sums over the views, named by :data:`mmssis.evaluation.MATCH_COUNTS`.
    """
    filters = [hook for hook in detector.pseudo_label_hooks.values() if hook.filters]
    device = next(detector.teacher.parameters()).device
    counts = torch.zeros(len(MATCH_COUNTS), device=device)
    with _in_eval_mode(detector.pseudo_label_hooks):
        for start in range(0, len(views), batch_size):
            batch = detector.data_preprocessor(
                pseudo_collate(views[start:start + batch_size]), True)
            images, samples = batch['inputs']['sup'], batch['data_samples']['sup']
            labels = detector.candidates(detector.teacher, images, samples)
            context = detector.context_of(images, samples)
            for hook in filters:
                labels = hook.run(labels, context)
            counts += sum(_compare(*image) for image in zip(labels, samples))
    detector.candidates.release()
    return counts


@contextmanager
def _in_eval_mode(module: nn.Module) -> Iterator[None]:
    """Let hooks that learn while they filter stay as they are."""
    training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(training)


def _compare(instances: InstanceData, sample: DetDataSample) -> Tensor:
    """Counts of matches of one image, at stride 4."""
    instances = resolve_masks(instances[:])
    shape = tuple(instances.input_shape)
    truth, device = sample.gt_instances, instances.labels.device
    crowd = None
    if 'ignored_instances' in sample and 'masks' in sample.ignored_instances:
        crowd = _on_grid(_full_size(sample.ignored_instances.masks, shape, device))
    return count_matches(
        _on_grid(instances.masks), instances.labels,
        _on_grid(_full_size(truth.masks, shape, device)), truth.labels, crowd_masks=crowd)


def _full_size(masks: BaseInstanceMasks, shape: Tuple[int, int], device: torch.device) -> Tensor:
    """mmdet's masks as bool (G, H, W) that cover the padded network input."""
    return masks.pad(shape).to_tensor(dtype=torch.bool, device=device)


def _on_grid(masks: Tensor, stride: int = STRIDE) -> Tensor:
    """Bool masks (N, H, W) at a stride, by the larger part of each cell."""
    grid = [-(-side // stride) for side in masks.shape[1:]]
    if len(masks) == 0:
        return masks.new_zeros((0, *grid))
    return torch.cat([F.interpolate(mask[None, None].float(), grid, mode='area')[0] > 0.5
                      for mask in masks])


def precision_and_recall(counts: Tensor) -> Tuple[Optional[float], float]:
    """Shares of right labels and of found instances.

    Args:
        counts: of :func:`count_right_labels`, summed over ranks.

    Returns:
        Precision, None without a label, and recall.
    """
    count = dict(zip(MATCH_COUNTS, counts.tolist()))
    precision = count['correct'] / count['pseudo'] if count['pseudo'] else None
    return precision, count['correct'] / max(count['truth'], 1)
