"""Precision and recall of a region classifier, CLIP for example, on true masks (PL-DC, Table II).

    python tools/analysis_tools/analyze_region_classifier.py CONFIG --out-dir regions

The classifier is that of the config's pseudo-label hook, ``model.pseudo_label_hooks.dicc`` in
PL-DC. It names the true masks of the images of validation, cut out of the images as they are
stored. PL-DC has 74.8 precision and 50.5 recall, means over classes, for CLIP on COCO val2017.
``classes.png``: both of each class; ``confusion.png``: which class is taken for which;
``regions.json``: the numbers. With ``--compare-open-clip`` each region is named a second time, from
a crop that open_clip's own preprocessing makes.
"""

import argparse
import json
from pathlib import Path
from typing import Tuple

import torch
from mmdet.registry import MODELS
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope

from mmssis.evaluation.analysis_data import DATA, analysis_images, class_names_of, spread
from mmssis.evaluation.confusion import largest_confusions, precision_recall
from mmssis.evaluation.figures import draw_confusion, draw_precision_recall
from mmssis.evaluation.region_classes import (RegionScores, class_probs, package_class_probs,
                                              region_of)
from mmssis.models.clip import RegionClassifier
from mmssis.utils import load_config


def build_classifier(cfg: Config, classes: Tuple[str, ...]) -> RegionClassifier:
    """Build and prepare the classifier of the first pseudo-label hook that has one.

    Raises:
        SystemExit: if no hook has one, or its weights cannot be had.
    """
    hooks = cfg.model.get('pseudo_label_hooks') or {}
    found = [hook.classifier for hook in hooks.values() if hook and 'classifier' in hook]
    if not found:
        raise SystemExit('No hook of model.pseudo_label_hooks has a classifier: give a config with '
                         'dicc, configs/pldc/mask2former_r50_coco10pct.py for example')
    classifier = MODELS.build(found[0])
    try:
        classifier.prepare(classes)
    except (RuntimeError, ValueError) as error:
        raise SystemExit(str(error)) from error
    return classifier


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a semi-supervised detector')
    parser.add_argument('--data', choices=DATA, default='val')
    parser.add_argument('--images', type=int, default=10**9,
                        help='at most so many, evenly spread over the data (default: all)')
    parser.add_argument('--out-dir', type=Path, default=Path('regions'),
                        help='folder of the numbers and the pictures')
    parser.add_argument('--max-classes', type=int, default=29,
                        help='classes in the picture of the confusion matrix, the most confused')
    parser.add_argument('--compare-open-clip', action='store_true',
                        help="name each region by open_clip's own preprocessing too")
    parser.add_argument('--device', default='cuda:0' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        help='override settings of the config, key=value')
    args = parser.parse_args()
    if args.images < 1:
        parser.error(f'--images {args.images}: give at least 1')
    return args


def write(scores: RegionScores, summary: dict, out_dir: Path, max_classes: int) -> None:
    """Write numbers and pictures."""
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / 'regions.json').write_text(json.dumps(summary))
    draw_confusion(scores.confusion, scores.classes, max_classes).savefig(
        out_dir / 'confusion.png')
    draw_precision_recall(scores.classes, *precision_recall(scores.confusion)).savefig(
        out_dir / 'classes.png')


def line_of(summary: dict) -> str:
    """The means of a summary in words."""
    return ', '.join(f'{name} {"-" if summary[key] is None else format(summary[key], ".3f")}'
                     for name, key in (('mean precision', 'mean_precision'),
                                       ('mean recall', 'mean_recall'), ('accuracy', 'accuracy')))


def main() -> None:
    """Name all regions, print and write."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options, check_data=False)
    init_default_scope('mmdet')
    classes, device = class_names_of(cfg), torch.device(args.device)
    dataset, hidden = analysis_images(cfg, args.data, get_test_pipeline_cfg(cfg)[:1], classes)
    classifier = build_classifier(cfg, classes)
    own, package = (RegionScores(classes, classifier.constants['covers']) for _ in range(2))
    for sample in spread(dataset, args.images):
        image = sample['img'][..., ::-1].copy()
        truth = hidden.in_view(dict(img_path=sample['img_path']), image.shape[:2], 1, device)
        if truth is None:
            continue
        region = region_of(truth[0], image)
        own.add(truth[0].labels.cpu(), class_probs(classifier, image, region))
        if args.compare_open_clip:
            package.add(truth[0].labels.cpu(), package_class_probs(classifier, image, region))
    summary = own.summary()
    print(f'{summary["regions"]} regions of {summary["images"]} images: {line_of(summary)}; '
          f'{summary["left_out"]} regions of classes that the classifier cannot know')
    print('; '.join(largest_confusions(own.confusion, classes, 5)))
    if args.compare_open_clip:
        summary['open_clip'] = package.summary()
        print(f"With open_clip's preprocessing: {line_of(summary['open_clip'])}")
    write(own, summary, args.out_dir, args.max_classes)


if __name__ == '__main__':
    main()
