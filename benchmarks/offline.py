"""Offline pseudo labels: the package against the released scripts' way.

    python benchmarks/offline.py [CONFIG]

The search for thresholds (goal: at least 100x), masks of many views merged, and images per second
beside plain inference, with the Mask R-CNN of CONFIG and random weights.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
from compare import Case, add_arguments, compare, load_reference
from measure import alternate
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.config import Config
from pais import agree
from torch import Tensor

from mmssis.offline.predictor import build_predictor
from mmssis.offline.tta_views import PRESETS, group_views, make_views, test_scale, view_batches
from mmssis.ops import match_class_thresholds
from mmssis.utils import load_config

DEFAULT_CONFIG = (Path(__file__).parents[1] / 'configs' / 'noisy_boundaries'
                  / 'mask-rcnn_r50_coco10pct.py')


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


def class_thresholds(num_detections: int, num_classes: int, num_images: int) -> Case:
    """The threshold search against a scan of 91 thresholds.

    Both work on the CPU: ours on tensors, the scan on a list of COCO results.
    """
    generator = torch.Generator().manual_seed(0)
    scores = 0.05 + 0.95 * torch.rand(num_detections, generator=generator).double()
    labels = torch.randint(num_classes, (num_detections, ), generator=generator)
    wanted = torch.rand(num_classes, generator=generator).double()
    wanted *= num_detections / num_classes / num_images
    results = [dict(category_id=label, score=score)
               for label, score in zip(labels.tolist(), scores.tolist())]
    scan = load_reference('offline_labels').scan_class_thresholds
    off = partial(distances, scores, labels, num_images=num_images, wanted=wanted)
    return Case(
        f'Class thresholds: {num_detections} detections, {num_classes} classes',
        dict(mmssis=lambda: match_class_thresholds(scores, labels, num_images, wanted),
             released=lambda: torch.as_tensor(scan(results, num_images, wanted.tolist()))),
        lambda mine, theirs: check_nearer(off(mine), off(theirs)))


def check_nearer(mine: Tensor, theirs: Tensor) -> str:
    """Raise if a class comes nearer to the labels by the scan.

    Args:
        mine: (K,) by how many instances ours misses what is wanted.
        theirs: (K,) the same of the scan.
    """
    assert (mine <= theirs).all(), 'the scan comes nearer to the labels'
    return (f'off by {mine.mean():.1f} instances per class, at most {mine.max():.1f}, the scan by '
            f'{theirs.mean():.1f}, at most {theirs.max():.1f}')


def merging(num_classes: int, device: torch.device) -> Case:
    """Masks of 18 views merged into one."""
    return Case(f'Masks of 18 views merged: 100 detections, {num_classes} classes, 28 x 28',
                load_reference('tta_merge').mask_merging(num_classes=num_classes, device=device),
                agree)


def distances(scores: Tensor, labels: Tensor, thresholds: Tensor, num_images: int,
              wanted: Tensor) -> Tensor:
    """How many instances of each class thresholds keep too many or too few, (K,)."""
    kept = labels[scores > thresholds[labels]].bincount(minlength=len(wanted))
    return (kept - wanted * num_images).abs()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', nargs='?', default=str(DEFAULT_CONFIG))
    add_arguments(parser)
    args = parser.parse_args()
    device = torch.device(args.device)
    # A scan of the thresholds takes long, it runs once.
    compare(class_thresholds(400000, 80, 100000), 1, torch.device('cpu'))
    compare(merging(80, device), args.iters, device)
    benchmark_generation(load_config(args.config, check_data=False), args.iters, device)


if __name__ == '__main__':
    main()
