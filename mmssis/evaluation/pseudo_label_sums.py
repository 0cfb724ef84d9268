"""What a step's pseudo labels add up to, as sums that ranks can share, and the means of them."""

from typing import Dict, List

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.structures import pixel_weights_at

SUMS = ('instances', 'judged_masks', 'weighed', 'class_score', 'mask_score', 'labels_changed',
        'uncertainty', 'sup', 'unsup')
"""Sums over the instances (and loss terms) of one step and all ranks."""


def sum_instances(pseudo_labels: List[InstanceData], outputs: Dict[str, Tensor],
                  device: torch.device) -> Tensor:
    """Sums over the pseudo labels and loss terms of one step, without a host copy.

    Args:
        pseudo_labels: final pseudo labels, one per image.
        outputs: logged loss terms; their names begin with ``sup_`` and ``unsup_``.
        device: device of the result.

    Returns:
        (9,) float32, named by :data:`SUMS`.
    """
    sums = {name: torch.zeros((), device=device) for name in SUMS}
    for instances in pseudo_labels:
        sums['instances'] += len(instances)
        sums['class_score'] += instances.class_scores.sum()
        if 'mask_scores' in instances:
            sums['judged_masks'] += len(instances)
            sums['mask_score'] += instances.mask_scores.sum()
        if 'teacher_labels' in instances:
            sums['labels_changed'] += (instances.labels != instances.teacher_labels).sum()
        weights = pixel_weights_at(instances, lambda maps: maps)
        if weights is not None:
            sums['weighed'] += len(instances)
            sums['uncertainty'] += (1 - weights).flatten(1).mean(1).sum()
    for name, value in outputs.items():
        branch = name.split('_')[0]
        if branch in ('sup', 'unsup') and 'loss' in name:
            sums[branch] += torch.as_tensor(value, device=device).detach()
    return torch.stack([sums[name].float() for name in SUMS])


def count_classes(pseudo_labels: List[InstanceData], num_classes: int,
                  device: torch.device) -> Tensor:
    """Number of pseudo labels of each class, (K,) float32, without a host copy."""
    labels = torch.cat([torch.zeros(0, dtype=torch.long, device=device)]
                       + [instances.labels for instances in pseudo_labels])
    return torch.zeros(num_classes, device=device).index_add_(
        0, labels, torch.ones(len(labels), device=device))


def summarise_counts(images: float, kept: Dict[str, float]) -> Dict[str, float]:
    """Instances per image and the share that each stage kept of the stage before it.

    Args:
        images: number of images, > 0.
        kept: stage to number of instances after it, in order, ``candidates`` first.
    """
    names = list(kept)
    scalars = {'instances_per_image': kept[names[-1]] / images}
    for before, name in zip(names, names[1:]):
        if kept[before]:
            scalars[f'kept/{name}'] = kept[name] / kept[before]
    return scalars


def summarise_sums(sums: Dict[str, float]) -> Dict[str, float]:
    """Means of the sums of :func:`sum_instances`; a mean over nothing is left out."""
    means = dict(
        class_score=('class_score', 'instances'),
        mask_score=('mask_score', 'judged_masks'),
        labels_changed=('labels_changed', 'instances'),
        uncertainty=('uncertainty', 'weighed'),
        unsup_to_sup=('unsup', 'sup'))
    return {name: sums[part] / sums[whole] for name, (part, whole) in means.items()
            if sums[whole]}
