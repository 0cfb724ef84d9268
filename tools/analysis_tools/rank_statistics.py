"""Measure whether the strongest channels of a layer tell classes apart, on labeled images.

    python tools/analysis_tools/rank_statistics.py CONFIG CHECKPOINT

The features of an image are compared with the mean features of all other images (Weighting
Pseudo-Labels, Fig. 5c). For each class: the share of the k strongest channels that a feature has in
common with the prototype of its own class (within) and with those of the others (between). Rank
weights are worth enabling if the mean within is at least 0.2 above the mean between. Layer and k
are those of the config's rank hook, unless given.
"""

import argparse
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

import torch
from mmdet.registry import DATASETS
from mmdet.structures import DetDataSample
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config, DictAction
from mmengine.dataset import BaseDataset
from mmengine.fileio import dump
from torch import Tensor, nn

from mmssis.engine.trained_model import load_trained_model
from mmssis.models.pseudo_labels import LayerOutput, RankStatisticsWeights
from mmssis.ops import rank_overlap_map
from mmssis.structures import draw_cells, true_class_map
from mmssis.utils import load_config

WORTH_ENABLING = 0.2
DEFAULT_K = 5


class Settings(NamedTuple):
    """What is measured.

    Attributes:
        layer: name of the layer in the detector.
        k: number of channels.
        samples: pixels per class and image.
    """

    layer: str
    k: int
    samples: int


def settings_of(args: argparse.Namespace, model: nn.Module) -> Settings:
    """Settings of the command line, else of the model's rank hook.

    Raises:
        ValueError: if neither names a layer.
    """
    hooks = [hook for hook in model.pseudo_label_hooks.values()
             if isinstance(hook, RankStatisticsWeights)]
    if args.layer is None and not hooks:
        raise ValueError(f'{args.config} has no RankStatisticsWeights in '
                         'model.pseudo_label_hooks: name a layer with --layer')
    layer = args.layer or hooks[0].layer
    k = args.k or (hooks[0].k if hooks else DEFAULT_K)
    return Settings(layer, k, args.samples)


def labeled_images(cfg: Config, data: str) -> BaseDataset:
    """Labeled images as the test pipeline shows them, with their masks.

    Args:
        cfg: config of a semi-supervised detector.
        data: 'labeled', the first training source, or 'val'.
    """
    part = cfg.val_dataloader.dataset
    if data == 'labeled':
        part = cfg.train_dataloader.dataset
        part = part.labeled if 'labeled' in part else part
    # Masks are loaded first, so that they are resized with the image.
    load, *rest = [step for step in get_test_pipeline_cfg(cfg) if step['type'] != 'LoadAnnotations']
    masks = dict(type='LoadAnnotations', with_bbox=True, with_mask=True)
    return DATASETS.build(dict(part, pipeline=[load, masks, *rest], test_mode=True))


class Probe:
    """Features of a layer with their true classes, image by image.

    Args:
        model: a semi-supervised detector in eval mode.
        settings: what is measured.
        num_classes: K.
    """

    def __init__(self, model: nn.Module, settings: Settings, num_classes: int) -> None:
        self.model = model
        self.settings = settings
        self.num_classes = num_classes
        self.detector = getattr(model, model.predict_on)
        self.output = LayerOutput(self.detector, settings.layer)

    @torch.no_grad()
    def of_image(self, packed: dict) -> Tuple[Tensor, Tensor]:
        """Features (M, D) float32 and their classes (M,); K is the background."""
        batch = self.model.data_preprocessor(
            dict(inputs=[packed['inputs']], data_samples=[packed['data_samples']]), False)
        images, samples = batch['inputs'], batch['data_samples']
        self.model.candidates(self.detector, images, samples)
        features = self.output.take_output(1)[0].float()
        return self._pixels(features, samples[0], tuple(images.shape[-2:]))

    def _pixels(self, features: Tensor, sample: DetDataSample,
                input_shape: Tuple[int, int]) -> Tuple[Tensor, Tensor]:
        """Random pixels of each class."""
        classes = true_class_map(sample, self.num_classes, input_shape, tuple(features.shape[1:]))
        cells, labels = draw_cells(classes, self.num_classes + 1, self.settings.samples)
        drawn = labels >= 0
        return features.flatten(1)[:, cells[drawn]].T, labels[drawn]


def overlaps(features: Tensor, prototypes: Tensor, settings: Settings) -> Tensor:
    """Share of common channels of every feature (M, D) and every prototype (C, D): (M, C)."""
    count, classes = len(features), len(prototypes)
    each = torch.arange(classes, device=features.device)[:, None, None].expand(-1, 1, count)
    return rank_overlap_map(features.T[:, None], each, prototypes, settings.k, missing=0.0)[:, 0].T


def measure(probe: Probe, dataset: BaseDataset, num_images: int) -> Dict[str, list]:
    """Overlaps of each image's features with the prototypes of all other images.

    Args:
        probe: gives features and classes.
        dataset: of packed images.
        num_images: at most so many are read, evenly spread over the data set.

    Returns:
        For each class, the background last: ``features``, how many were compared, and means over
        them: ``within``, ``between`` and ``top1``, the share whose overlap with its own class is
        the largest (ties count in part). None without features in two images.

    Raises:
        ValueError: if there are fewer than two images.
    """
    inds = torch.linspace(0, len(dataset) - 1, min(num_images, len(dataset))).round().int().tolist()
    if len(inds) < 2:
        raise ValueError(f'{len(inds)} labeled images: each is compared with others, give two')
    images = [probe.of_image(dataset[i]) for i in inds]
    rows = probe.num_classes + 1
    sums = torch.stack([features.new_zeros(rows, features.shape[1]).index_add_(0, labels, features)
                        for features, labels in images])
    counts = torch.stack([torch.bincount(labels, minlength=rows) for _, labels in images])
    parts = []
    for (features, labels), own_sum, own_count in zip(images, sums, counts):
        others = counts.sum(0) - own_count
        prototypes = (sums.sum(0) - own_sum) / others.clamp(min=1)[:, None]
        shares = overlaps(features, prototypes, probe.settings)
        parts.append(_measures(shares, labels, others > 0))
    return _by_class(*(torch.cat(column) for column in zip(*parts)), rows)


def _measures(shares: Tensor, labels: Tensor, known: Tensor) -> Tuple[Tensor, Tensor]:
    """Measures of the features of one image that can be judged, and their classes.

    Args:
        shares: overlaps (M, C).
        labels: classes (M,).
        known: bool (C,), classes with a prototype.

    Returns:
        Within, between and top-1 (M', 3), and classes (M',).
    """
    usable = known[labels] & (known.sum() > 1)
    shares, labels = shares[usable].masked_fill(~known, -1.0), labels[usable]
    within = shares.gather(1, labels[:, None])[:, 0]
    between = (shares.clamp(min=0).sum(1) - within) / (known.sum() - 1).clamp(min=1)
    best = shares == shares.amax(1, keepdim=True)
    top1 = best.gather(1, labels[:, None])[:, 0] / best.sum(1)
    return torch.stack([within, between, top1], 1), labels


def _by_class(measures: Tensor, labels: Tensor, rows: int) -> Dict[str, list]:
    """Means of measures (M, 3) over each class."""
    table: Dict[str, List] = dict(features=[], within=[], between=[], top1=[])
    for label in range(rows):
        mine = measures[labels == label]
        means = mine.mean(0).tolist() if len(mine) else [None] * 3
        for name, value in zip(table, [len(mine), *means]):
            table[name].append(value)
    return table


def summarise(table: Dict[str, list]) -> Dict[str, Any]:
    """Means over classes, their difference and the verdict.

    Raises:
        ValueError: if no class has features in two images.
    """
    rows = [row for row in zip(table['within'], table['between'], table['top1']) if None not in row]
    if not rows:
        raise ValueError('no class has features in two images: take more images')
    within, between, top1 = (sum(column) / len(rows) for column in zip(*rows))
    return dict(within=within, between=between, difference=within - between, top1=top1,
                classes=len(rows), worth_enabling=within - between >= WORTH_ENABLING)


def print_table(table: Dict[str, list], names: List[str], summary: Dict[str, Any]) -> None:
    """Print the measures of each class and the verdict."""
    width = max(map(len, [*names, 'class']))
    print(f'{"class":{width}}  within  between   top-1  features')
    for i, name in enumerate(names):
        values = [table[key][i] for key in ('within', 'between', 'top1')]
        cells = '  '.join('     -' if value is None else f'{value:6.3f}' for value in values)
        print(f'{name:{width}}  {cells}  {table["features"][i]:8d}')
    verdict = 'worth enabling' if summary['worth_enabling'] else 'not worth enabling'
    print(f'mean of {summary["classes"]} classes: within {summary["within"]:.3f}, between '
          f'{summary["between"]:.3f}, top-1 {summary["top1"]:.3f}\nwithin - between = '
          f'{summary["difference"]:.3f}: {verdict} (from {WORTH_ENABLING} on)')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a semi-supervised detector')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('--layer', help='name of the layer in the detector')
    parser.add_argument('--k', type=int, help='number of channels (5, if the config has none)')
    parser.add_argument('--data', choices=['labeled', 'val'], default='labeled')
    parser.add_argument('--images', type=int, default=100, help='at most so many')
    parser.add_argument('--samples', type=int, default=32, help='pixels per class and image')
    parser.add_argument('--branch', choices=['teacher', 'student'],
                        help="default: the config's predict_on")
    parser.add_argument('--seed', type=int, default=0, help='of the drawn pixels')
    parser.add_argument('--device', default='cuda:0' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--out', type=Path, help='JSON file of the table')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        help='override settings of the config, key=value')
    args = parser.parse_args()
    if args.images < 2 or args.samples < 1:
        parser.error(f'--images {args.images} --samples {args.samples}: give at least 2 and 1')
    return args


def main() -> None:
    """Measure and print."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options, check_data=False)
    if 'detector' not in cfg.model:
        raise ValueError(f'{args.config} is of a plain detector: give the config of a '
                         'semi-supervised one around it; its checkpoint may be a plain one')
    model, classes = load_trained_model(cfg, args.checkpoint, args.branch)
    settings = settings_of(args, model)
    torch.manual_seed(args.seed)
    probe = Probe(model.to(args.device), settings, len(classes))
    table = measure(probe, labeled_images(cfg, args.data), args.images)
    names = [*classes, 'background'][:len(table['within'])]
    summary = summarise(table)
    print(f'{settings.layer}, k = {settings.k}, {args.data} images')
    print_table(table, names, summary)
    if args.out is not None:
        dump(dict(settings=settings._asdict(), classes=names, **table, mean=summary), args.out,
             file_format='json')


if __name__ == '__main__':
    main()
