"""Judge pseudo labels stage by stage: confusion, kinds of errors, scores against the true IoU.

    python tools/analysis_tools/analyze_pseudo_labels.py CONFIG CHECKPOINT --out-dir analysis

Looks at unlabeled images whose true labels are in ``data_set.hidden``, or at those of validation
(``--data val``). For the teacher's candidates and for the instances after each pseudo-label hook:

- ``confusion_<stage>.png``: which class is taken for which, before and after the correction of
  classes (PL-DC, Fig. 3);
- ``error_types.png``: correct, poor mask, similar class, other class, background (PL-DC, Fig. 5);
- ``scores_candidates.png``: class score, mask score, their product and, where the model predicts
  it, the IoU, against the IoU with the best true mask (PL-DC, Fig. 2; PAIS, Fig. 1, a
  and b);
- ``analysis.json``: the numbers of all of them, the points too.

The weak view is the config's test-time resize, without flip or crop. The truth is read for this
only.
"""

import argparse
from pathlib import Path
from typing import Dict, Iterable, Tuple

import torch
from mmengine.config import DictAction
from mmengine.registry import init_default_scope
from torch import nn

from mmssis.evaluation import HiddenGroundTruth, InstanceAnalysis, judge_stages
from mmssis.evaluation.analysis_data import DATA, analysis_images, spread, teacher_pipeline
from mmssis.evaluation.teacher import batch_of, load_teacher, set_progress
from mmssis.evaluation.write_analysis import lines_of, write_analysis
from mmssis.utils import load_config


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a semi-supervised detector')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('--data', choices=DATA, default='unlabeled')
    parser.add_argument('--images', type=int, default=1000,
                        help='at most so many, evenly spread over the data')
    parser.add_argument('--out-dir', type=Path, default=Path('analysis'),
                        help='folder of the numbers and the pictures')
    parser.add_argument('--progress', type=float, default=0.0,
                        help='progress of the semi-supervised phase in [0, 1], which sets the '
                        'weight of CLIP in category correction')
    parser.add_argument('--score-thr', type=float, default=0.05,
                        help='candidates with a lower class score are left out of their numbers')
    parser.add_argument('--iou-thr', type=float, default=0.5,
                        help='smallest mask IoU of a match in the confusion matrix')
    parser.add_argument('--stride', type=int, default=4,
                        help='masks are compared on every so many-th pixel of the network input')
    parser.add_argument('--max-classes', type=int, default=29,
                        help='classes in the picture of a confusion matrix, the most confused ones')
    parser.add_argument('--device', default='cuda:0' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        help='override settings of the config, key=value')
    args = parser.parse_args()
    for name, least, most in (('progress', 0, 1), ('score_thr', 0, 1), ('iou_thr', 1e-3, 1),
                              ('images', 1, 10**9), ('stride', 1, 64), ('max_classes', 1, 10**4)):
        if not least <= getattr(args, name) <= most:
            parser.error(f'--{name.replace("_", "-")} {getattr(args, name)}: give a number in '
                         f'[{least:g}, {most:g}]')
    return args


def analyze(model: nn.Module, samples: Iterable[dict], hidden: HiddenGroundTruth,
            classes: Tuple[str, ...], args: argparse.Namespace) -> Dict[str, InstanceAnalysis]:
    """Judge all images; stage to its analysis.

    Raises:
        SystemExit: if the truth has none of the images.
    """
    analyses: Dict[str, InstanceAnalysis] = {}
    for packed in samples:
        batch = batch_of(model, packed)
        stages = judge_stages(model, batch, hidden, args.score_thr, args.stride) or {}
        for name, image in stages.items():
            analyses.setdefault(name, InstanceAnalysis(
                classes, hidden.superclasses, args.iou_thr)).add(image)
    if not analyses:
        raise SystemExit('The file of the true labels has none of the images: file_name of its '
                         'images must be the end of their paths (data_set.hidden)')
    return analyses


def main() -> None:
    """Judge, print and write."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options, check_data=False)
    init_default_scope('mmdet')
    try:
        model, classes = load_teacher(cfg, args.checkpoint, args.device)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    set_progress(model, args.progress)
    dataset, hidden = analysis_images(cfg, args.data, teacher_pipeline(cfg), classes)
    analyses = analyze(model, spread(dataset, args.images), hidden, classes, args)
    write_analysis(analyses, args.out_dir, args.max_classes)
    print(*lines_of(analyses), f'Written to {args.out_dir}', sep='\n')


if __name__ == '__main__':
    main()
