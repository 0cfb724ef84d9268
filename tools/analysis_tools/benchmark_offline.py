"""Offline pseudo labels: the package against the released scripts' way."""

from functools import partial

import numpy as np
import torch
from benchmark_pais import compare
from benchmark_stage import load_reference
from measure import alternate
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.config import Config
from torch import Tensor

from mmssis.offline.predictor import build_predictor
from mmssis.offline.tta_views import PRESETS, group_views, make_views, test_scale, view_batches
from mmssis.ops import match_class_thresholds


def benchmark_offline(cfg: Config, num_detections: int, num_classes: int, num_images: int,
                      iters: int, device: torch.device) -> None:
    """Run all comparisons of the offline pipeline and print them.

    Args:
        cfg: config of the model that labels images.
        num_detections: D, of the whole unlabeled set.
        num_classes: K.
        num_images: number of unlabeled images.
        iters: timed calls of each way, >= 1; a scan of the thresholds takes long, it runs once.
        device: where the network and the merging run.
    """
    benchmark_class_thresholds(num_detections, num_classes, num_images, 1)
    compare(
        f'Masks of 18 views merged: 100 detections, {num_classes} classes, 28 x 28',
        load_reference('tta_merge').mask_merging(num_classes=num_classes, device=device), iters,
        device)
    benchmark_generation(cfg, iters, device)


@torch.no_grad()
def benchmark_generation(cfg: Config, iters: int, device: torch.device) -> None:
    """Time an image through the generator against mmdet's inference, and print it.

    The weights are random, so that an image has as many detections as the model allows.

    Args:
        cfg: config of a Mask R-CNN, with a test pipeline.
        iters: timed images of each way, >= 1.
        device: where the network runs.
    """
    scale = test_scale(cfg.test_dataloader.dataset.pipeline)
    model = MODELS.build(cfg.model).to(device).eval()
    image = np.random.default_rng(0).integers(0, 256, (scale[1], scale[0], 3), dtype=np.uint8)
    plain, = group_views(make_views('none', scale))

    def infer() -> SampleList:
        inputs, samples = next(view_batches(image, [plain], model.data_preprocessor))
        return model.predict(inputs, samples)

    # As many masks as plain inference has.
    limits = cfg.model.test_cfg.rcnn.score_thr, cfg.model.test_cfg.rcnn.max_per_img
    presets = {name: build_predictor(model, make_views(name, scale), *limits)
               for name in PRESETS}
    ways = dict(plain=infer, **{name: partial(way, image) for name, way in presets.items()})
    spans = alternate(ways, iters, device)
    print(f'\nGeneration, {type(model).__name__}, {scale[0]} x {scale[1]}, medians of {iters}, '
          f'{device}')
    for name, span in spans.items():
        views = 1 if name == 'plain' else len(make_views(name, scale))
        print(f'  {name:10s} {1 / span.wall:8.2f} images/s  {views:2d} views  '
              f'{span.wall / spans["plain"].wall:6.2f} x plain inference')


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
