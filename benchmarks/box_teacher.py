"""BoxTeacher's pairwise loss: the package against all 8 neighbours of every pixel laid out.

    python benchmarks/box_teacher.py

Goal: at least 4x, and an eighth of the memory.
"""

from functools import partial
from typing import Callable, Dict, Tuple

import torch
from compare import Case, load_reference, run_cases
from torch import Tensor

from mmssis.ops import color_similarity, pairwise_loss

THRESHOLD, DILATION, IMAGES, STRIDE = 0.3, 2, 2, 4
Loss = Callable[..., Tuple[Tensor, Tensor]]


def make_masks(num_masks: int, height: int, width: int, device: torch.device) -> Dict[str, Tensor]:
    """Logits of masks in boxes of two smooth, noisy images.

    Args:
        num_masks: N.
        height: H of the masks, a quarter of the images'.
        width: W of the masks.
        device: device of the result.

    Returns:
        ``logits`` (N, H, W), ``similarity`` (2, 8, H, W), ``boxes`` (N, H, W), ``index`` (N,).
    """
    generator = torch.Generator().manual_seed(0)
    colors = torch.rand(IMAGES, 3, 4, 4, generator=generator)
    images = torch.nn.functional.interpolate(
        colors, (STRIDE * height, STRIDE * width), mode='bilinear', align_corners=False)
    images = (images + 0.05 * torch.randn(images.shape, generator=generator)).clamp(0, 1)
    boxes = torch.zeros(num_masks, height, width, dtype=torch.bool)
    for n, (y, x) in enumerate(torch.rand(num_masks, 2, generator=generator).tolist()):
        top, left = int(y * height / 2), int(x * width / 2)
        boxes[n, top:top + height // 2, left:left + width // 2] = True
    tensors = dict(logits=4 * torch.randn(num_masks, height, width, generator=generator),
                   similarity=color_similarity(images, stride=STRIDE, dilation=DILATION),
                   boxes=boxes, index=torch.arange(num_masks) % IMAGES)
    return {name: tensor.to(device) for name, tensor in tensors.items()}


def loss_and_gradient(function: Loss, logits: Tensor) -> Tuple[Tensor, Tensor]:
    """Forward and backward of a batch's loss: all terms over the number of all pairs.

    Args:
        function: of logits, gives sums and numbers of pairs.
        logits: (N, H, W).

    Returns:
        The loss, and its gradient (N, H, W).
    """
    leaf = logits.detach().requires_grad_()
    sums, counts = function(leaf)
    loss = sums.sum() / counts.sum().clamp(min=1)
    loss.backward()
    return loss.detach(), leaf.grad


def check_close(mine: Tuple[Tensor, Tensor], theirs: Tuple[Tensor, Tensor]) -> str:
    """Raise unless losses and gradients agree to single precision.

    Raises:
        AssertionError: they differ.
    """
    for name, one, other in zip(('loss', 'gradient'), mine, theirs):
        difference = (one - other).abs().max() / other.abs().max()
        assert difference < 1e-4, f'the {name} differs by {difference:.1e} of its largest value'
    return 'losses and gradients agree'


def pairwise(num_masks: int, height: int, width: int, device: torch.device) -> Case:
    """Forward and backward of a batch's loss; arguments as in :func:`make_masks`."""
    logits, similarity, boxes, index = make_masks(num_masks, height, width, device).values()
    unfolded = load_reference('box_supervision_equations').unfolded_pairwise
    return Case(
        f"BoxTeacher's pairwise loss, forward and backward: {num_masks} masks of {height} x "
        f'{width}',
        dict(mmssis=lambda: loss_and_gradient(
                 lambda x: pairwise_loss(x, similarity, boxes, index=index, threshold=THRESHOLD,
                                         dilation=DILATION), logits),
             unfold=lambda: loss_and_gradient(
                 lambda x: unfolded(x, similarity[index], boxes, THRESHOLD, DILATION), logits)),
        check_close)


CASES = dict(pairwise=partial(pairwise, 128, 200, 336))

if __name__ == '__main__':
    run_cases(CASES, __doc__)
