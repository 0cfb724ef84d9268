"""Dynamic instance category correction: fuse the teacher's classes with CLIP's.

Axes: N instances, K classes.
"""
import math
from typing import Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ._checks import check_fraction, check_ndim, check_same_shape

# Covers the rounding of the fusion and CLIP rows that sum to 1 only to this precision.
_ROUNDING_SLACK = 1e-5


def fusion_weight(progress: float) -> float:
    """Weight of CLIP's distribution, falling from 0.5 to 0 along half a cosine.

    PL-DC, Eq. 7.

    Args:
        progress: training progress in [0, 1].

    Returns:
        ``0.25 * (cos(pi * progress) + 1)``, in [0, 0.5].

    Raises:
        ValueError: ``progress`` is outside [0, 1] or NaN.
        TypeError: ``progress`` is not a number.
    """
    check_fraction('progress', progress, 'Divide the iteration by the last iteration, and clamp.')
    return 0.25 * (math.cos(math.pi * progress) + 1)


def fuse_class_probs(teacher_probs: Tensor, clip_probs: Tensor,
                     weight: float) -> Tuple[Tensor, Tensor]:
    """Fuse two class distributions per instance and take the most likely class.

    PL-DC, Eq. 8 and 9.

    Args:
        teacher_probs: the teacher's probabilities (N, K), without no-object, rows sum to 1.
        clip_probs: CLIP's probabilities (N, K), rows sum to 1.
        weight: weight of CLIP, in [0, 1].

    Returns:
        Labels (N,) long, the lowest class on a tie, and fused probabilities (N, K) in at least
        float32, rows sum to 1.

    Raises:
        ValueError: shapes differ, K is 0, or ``weight`` is outside [0, 1].
        TypeError: ``weight`` is not a number.
    """
    _check_distributions('teacher_probs', teacher_probs)
    check_same_shape('teacher_probs', teacher_probs, 'clip_probs', clip_probs)
    check_fraction('weight', weight, 'Take it from fusion_weight.')
    compute_dtype = torch.promote_types(
        torch.promote_types(teacher_probs.dtype, clip_probs.dtype), torch.float32)
    probs = weight * clip_probs.to(compute_dtype) + (1 - weight) * teacher_probs.to(compute_dtype)
    return probs.argmax(dim=-1), probs


def joint_class_probs(teacher_probs: Tensor, clip_probs: Tensor) -> Tuple[Tensor, Tensor]:
    """Joint distribution of two class distributions per instance, and its most likely class.

    PLePI (Haghighi et al., IJCAI 2023), as PL-DC's section 4.4 describes it: the joint
    probability of the teacher's and CLIP's predictions, here the normalised product
    ``p q / sum(p q)`` over the classes.

    Args:
        teacher_probs: the teacher's probabilities (N, K), without no-object, rows sum to 1.
        clip_probs: CLIP's probabilities (N, K), rows sum to 1.

    Returns:
        Labels (N,) long, the lowest class on a tie, and joint probabilities (N, K) in at least
        float32, rows sum to 1. Where no class has both probabilities above 0 the row is the
        teacher's.

    Raises:
        ValueError: shapes differ or K is 0.
    """
    _check_distributions('teacher_probs', teacher_probs)
    check_same_shape('teacher_probs', teacher_probs, 'clip_probs', clip_probs)
    compute_dtype = torch.promote_types(
        torch.promote_types(teacher_probs.dtype, clip_probs.dtype), torch.float32)
    teacher_probs = teacher_probs.to(compute_dtype)
    log_joint = teacher_probs.log() + clip_probs.to(compute_dtype).log()
    possible = log_joint.isfinite().any(dim=-1, keepdim=True)
    probs = torch.where(possible, log_joint, teacher_probs.log()).softmax(dim=-1)
    return probs.argmax(dim=-1), probs


def sigmoid_class_probs(class_logits: Tensor) -> Tensor:
    """Make a distribution of independent sigmoid scores: ``sigmoid(x_k) / sum_j sigmoid(x_j)``.

    For classifiers such as SigLIP (Zhai et al., ICCV 2023), whose scores of a region do not sum
    to 1. Where all scores are small it equals a softmax of the logits. How sure the classifier
    is that the region shows any of the classes is lost.

    Args:
        class_logits: logits of the classes (N, K), any real.

    Returns:
        (N, K) in at least float32, rows sum to 1.

    Raises:
        ValueError: ``class_logits`` is not (N, K) with K > 0.
    """
    _check_distributions('class_logits', class_logits)
    compute_dtype = torch.promote_types(class_logits.dtype, torch.float32)
    return F.logsigmoid(class_logits.to(compute_dtype)).softmax(dim=-1)


def correction_can_change(teacher_probs: Tensor, weight: float) -> Tensor:
    """Say for which instances CLIP could change the label at all.

    Follows from PL-DC, Eq. 8 and 9: with the teacher's two best classes p1 and p2, the most that
    CLIP can do is to put all its mass on the second, which then has ``(1 - w) p2 + w`` against
    ``(1 - w) p1``. Where that is below p1's by more than rounding, no CLIP distribution changes
    the label and CLIP need not run. Near equality the answer is True, so that the labels of
    :func:`fuse_class_probs` are the same whether the False rows are skipped or not.

    Args:
        teacher_probs: the teacher's probabilities (N, K), without no-object. Normalise them
            over K first: rows that keep no-object's share make the margin look smaller.
        weight: weight of CLIP, in [0, 1].

    Returns:
        bool (N,), False only where no CLIP distribution can change the label
        ``teacher_probs.argmax(-1)``. Rows with NaN are True.

    Raises:
        ValueError: ``teacher_probs`` is not (N, K) with K > 0, or ``weight`` is outside [0, 1].
        TypeError: ``weight`` is not a number.
    """
    _check_distributions('teacher_probs', teacher_probs)
    check_fraction('weight', weight, 'Take it from fusion_weight.')
    num_instances, num_classes = teacher_probs.shape
    if num_classes == 1 or weight == 0:
        return teacher_probs.new_zeros(num_instances, dtype=torch.bool)
    compute_dtype = torch.promote_types(teacher_probs.dtype, torch.float32)
    best, runner_up = teacher_probs.to(compute_dtype).topk(2, dim=-1).values.unbind(dim=-1)
    runner_up_at_most = (1 - weight) * runner_up + weight
    best_at_least = (1 - weight) * best
    return ~(runner_up_at_most + _ROUNDING_SLACK < best_at_least)


def _check_distributions(name: str, probs: Tensor) -> None:
    check_ndim(name, probs, 'N K')
    if probs.shape[1] == 0:
        raise ValueError(f'{name} must have at least one class, got shape {tuple(probs.shape)}. '
                         'Check the class names of the data set.')
