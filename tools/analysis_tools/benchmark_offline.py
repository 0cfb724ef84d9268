"""Offline pseudo labels: the package against the released scripts' way."""

import torch
from benchmark_stage import load_reference
from measure import alternate
from torch import Tensor

from mmssis.ops import match_class_thresholds


def benchmark_offline(num_detections: int, num_classes: int, num_images: int, iters: int) -> None:
    """Run all comparisons of the offline pipeline and print them.

    Args:
        num_detections: D, of the whole unlabeled set.
        num_classes: K.
        num_images: number of unlabeled images.
        iters: timed calls of each way, >= 1.
    """
    benchmark_class_thresholds(num_detections, num_classes, num_images, iters)


def benchmark_class_thresholds(num_detections: int, num_classes: int, num_images: int,
                               iters: int) -> None:
    """Compare the threshold search with a scan of 91 thresholds, and print times.

    Both work on the CPU: ours on tensors, the scan on a list of COCO results.

    Raises:
        AssertionError: if a class comes nearer to the labels by the scan.
    """
    generator = torch.Generator().manual_seed(0)
    scores = 0.05 + 0.95 * torch.rand(num_detections, generator=generator).double()
    labels = torch.randint(num_classes, (num_detections, ), generator=generator)
    wanted = torch.rand(num_classes, generator=generator).double()
    wanted *= num_detections / num_classes / num_images
    results = [dict(category_id=label, score=score)
               for label, score in zip(labels.tolist(), scores.tolist())]
    scan = load_reference('offline_labels').scan_class_thresholds
    ways = dict(
        mmssis=lambda: match_class_thresholds(scores, labels, num_images, wanted),
        released=lambda: scan(results, num_images, wanted.tolist()))
    mine, theirs = (distances(scores, labels, torch.as_tensor(way()), num_images, wanted)
                    for way in ways.values())
    assert (mine <= theirs).all(), 'the scan comes nearer to the labels'
    spans = alternate(ways, iters, torch.device('cpu'))
    print(f'\nClass thresholds: {num_detections} detections, {num_classes} classes, medians of '
          f'{iters}, cpu')
    for name, found in dict(mmssis=mine, released=theirs).items():
        print(f'  {name:10s} {1e3 * spans[name].wall:10.1f} ms  off by {found.mean():.1f} '
              f'instances per class, at most {found.max():.1f}')
    wall, processor = (theirs / mine for theirs, mine in zip(spans['released'], spans['mmssis']))
    print(f'  ratio      {wall:10.1f} x   (of processor time {processor:.1f} x)')


def distances(scores: Tensor, labels: Tensor, thresholds: Tensor, num_images: int,
              wanted: Tensor) -> Tensor:
    """How many instances of each class thresholds keep too many or too few, (K,)."""
    kept = labels[scores > thresholds[labels]].bincount(minlength=len(wanted))
    return (kept - wanted * num_images).abs()
