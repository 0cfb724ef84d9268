"""Judge the results of finished models: kinds of errors, confusion, scores against the true IoU.

    python tools/test.py CONFIG CHECKPOINT --cfg-options test_evaluator.outfile_prefix=pldc
    python tools/analysis_tools/analyze_results.py val.json pldc.segm.json supervised.segm.json

The results are files in COCO's format of any detector, of mmdet too; the first file holds the
annotations of their images. ``error_types.png`` has a bar for each results file (PL-DC, Fig. 5);
``confusion_<name>.png`` and ``scores_<name>.png`` are of one each; ``analysis.json`` has the
numbers of all of them. PL-DC's Fig. 5 does not say above which score it counts.
"""

import argparse
from pathlib import Path
from typing import Dict

from mmssis.evaluation import InstanceAnalysis
from mmssis.evaluation.coco_results import CocoTruth
from mmssis.evaluation.write_analysis import lines_of, write_analysis


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('ann_file', help='COCO file with the true masks')
    parser.add_argument('results', nargs='+', help='results of models on these images')
    parser.add_argument('--names', nargs='+', help='of the models (default: those of the files)')
    parser.add_argument('--out-dir', type=Path, default=Path('analysis'),
                        help='folder of the numbers and the pictures')
    parser.add_argument('--score-thr', type=float, default=0.3,
                        help='results with a lower score are left out')
    parser.add_argument('--iou-thr', type=float, default=0.5,
                        help='smallest mask IoU of a match in the confusion matrix')
    parser.add_argument('--max-classes', type=int, default=29,
                        help='classes in the picture of a confusion matrix, the most confused ones')
    args = parser.parse_args()
    args.names = args.names or [Path(file).name.split('.')[0] for file in args.results]
    if len({*args.names}) != len(args.results):
        parser.error(f'{len(args.results)} results have the names {", ".join(args.names)}: give '
                     'each a name of its own with --names')
    return args


def analyze(args: argparse.Namespace) -> Dict[str, InstanceAnalysis]:
    """Judge all results; name to analysis."""
    truth, analyses = CocoTruth(args.ann_file), {}
    for name, file in zip(args.names, args.results):
        analyses[name] = InstanceAnalysis(truth.classes, truth.superclasses, args.iou_thr)
        for image in truth.judge(file, args.score_thr):
            analyses[name].add(image)
    return analyses


def main() -> None:
    """Judge, print and write."""
    args = parse_args()
    try:
        analyses = analyze(args)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    write_analysis(analyses, args.out_dir, args.max_classes)
    print(*lines_of(analyses), f'Written to {args.out_dir}', sep='\n')


if __name__ == '__main__':
    main()
