"""Teacher output to pseudo labels: the package against the released code's literal pipeline.

    python benchmarks/stage.py

Goal: at least 25x on CPU, at most 40 MB of extra memory per image.
"""

from functools import partial
from typing import Tuple

import torch
from compare import Case, load_reference, run_cases
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.models.mask2former import Mask2FormerCandidates
from mmssis.models.pseudo_labels import DualThresholdFilter, MaskUncertainty
from mmssis.structures import PseudoLabelContext

CLASS_THR, MASK_THR, MIN_AREA = 0.85, 0.9, 5


def make_logits(num_queries: int, num_classes: int, size: int, survivors: int,
                device: torch.device) -> Tuple[Tensor, Tensor]:
    """Teacher output of which a few queries are sure of their class.

    Args:
        num_queries: Q.
        num_classes: K.
        size: side of the square network input; masks have a quarter of it.
        survivors: queries whose class and mask pass; one more passes by its class only.
        device: device of the result.

    Returns:
        Class logits (Q, K + 1) and mask logits (Q, size / 4, size / 4).
    """
    generator = torch.Generator().manual_seed(0)
    cls_logits = torch.randn(num_queries, num_classes + 1, generator=generator)
    labels = torch.randint(num_classes, (survivors + 1,), generator=generator)
    cls_logits[torch.arange(survivors + 1), labels] = 12.0
    grid = torch.arange(size // 4).float()
    centre = torch.rand(num_queries, 2, 1, 1, generator=generator) * size / 4
    radius = (torch.rand(num_queries, 1, 1, generator=generator) * 0.15 + 0.03) * size / 4
    distance = ((grid[None, None] - centre[:, 0])**2 + (grid[None, :, None] - centre[:, 1])**2)**.5
    sharpness = torch.full((num_queries, 1, 1), 4096 / size)
    sharpness[survivors] = 51 / size
    return cls_logits.to(device), ((radius - distance) * sharpness).to(device)


@torch.no_grad()
def ours(cls_logits: Tensor, mask_logits: Tensor, input_shape: Tuple[int, int]) -> InstanceData:
    """Candidates, dual-threshold filter and mask uncertainty of the package."""
    context = PseudoLabelContext(
        images=mask_logits, metas=[{}], progress=0.0, box_labels=[None],
        pixel_mean=mask_logits.new_zeros(3, 1, 1), pixel_std=mask_logits.new_ones(3, 1, 1))
    pseudo_labels = [Mask2FormerCandidates.from_logits(cls_logits, mask_logits, input_shape)]
    for hook in (DualThresholdFilter(CLASS_THR, MASK_THR, MIN_AREA), MaskUncertainty()):
        pseudo_labels = hook(pseudo_labels, context)
    return pseudo_labels[0]


def stage(num_queries: int, num_classes: int, size: int, survivors: int,
          device: torch.device) -> Case:
    """Both ways on the same teacher output; arguments as in :func:`make_logits`."""
    logits = make_logits(num_queries, num_classes, size, survivors, device)
    released, shape = load_reference('released_pipeline').released_pseudo_labels, (size, size)
    return Case(
        f'Pseudo-label stage: {num_queries} queries, {num_classes} classes, {size} x {size}, '
        f'{survivors} pseudo labels',
        dict(mmssis=lambda: ours(*logits, shape),
             released=lambda: released(*logits, shape, CLASS_THR, MASK_THR, MIN_AREA)),
        check_equal)


def check_equal(mine: InstanceData, theirs: dict) -> str:
    """Assert that two sets of pseudo labels are the same, whatever their order."""
    order = [result['class_scores'].argsort(descending=True) for result in (mine, theirs)]
    assert len(mine.labels) == len(theirs['labels']), 'the numbers of pseudo labels differ'
    for name in ('labels', 'class_scores', 'mask_scores', 'masks'):
        a, b = (result[name][index] for result, index in zip((mine, theirs), order))
        assert torch.allclose(a.float(), b.float(), atol=1e-5), f'{name} differ'
    return 'one image, labels, scores and masks are identical'


CASES = dict(stage=partial(stage, 100, 80, 1024, 5))

if __name__ == '__main__':
    run_cases(CASES, __doc__)
