"""Print how fast the package is, as ratios measured in one run.

    python tools/analysis_tools/benchmark.py
    python tools/analysis_tools/benchmark.py configs/pldc/mask2former_r50_coco1pct.py --synthetic

1. The pseudo-label stage, from teacher output to pseudo labels, against the released code's
   literal pipeline (tests/reference), with equal results: goal at least 25x on CPU, at most
   40 MB of extra memory per image.
   PAIS's ways from teacher to student, on K-Net and on Mask R-CNN, likewise: goal at least 30x.
   Offline pseudo labels: the search for thresholds (goal at least 100x), masks of many views
   merged, and images per second beside plain inference.
   The pairwise loss of box supervision, against its 8-neighbour form: goal at least 4x, and an
   eighth of the memory.
   Rank statistics at the features' stride, against sorting at full size: goal at least 30x; the
   update of the bank, against lists on the host.
2. The full step of a real training over its floor, the teacher's forward and the student's
   forward and backward on the same images with plain losses: goal at most 1.10.

Without ``--checkpoint`` the teacher is untrained, and thresholds are lowered until about
``--survivors`` pseudo labels per image remain.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from benchmark_box_teacher import benchmark_box_teacher
from benchmark_offline import benchmark_offline
from benchmark_pais import benchmark_pais
from benchmark_ranks import benchmark_ranks
from benchmark_stage import benchmark_stage
from benchmark_step import benchmark_step
from mmengine.config import Config, DictAction
from synthetic_data import use_synthetic_data

from mmssis.utils import load_config

ROOT = Path(__file__).parents[2]
OFFLINE_CONFIG = ROOT / 'configs' / 'noisy_boundaries' / 'mask-rcnn_r50_coco10pct.py'
DEFAULT_CONFIG = ROOT / 'configs' / 'pldc' / 'mask2former_lite0_animals2pct.py'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', default=str(DEFAULT_CONFIG),
                        help='config of the full step')
    parser.add_argument(
        '--part', default='all',
        choices=['stage', 'pais', 'offline', 'box_teacher', 'ranks', 'step', 'all'])
    parser.add_argument('--iters', type=int, default=12, help='timed repetitions, >= 4')
    parser.add_argument('--device', choices=['cpu', 'cuda'],
                        default='cuda' if torch.cuda.is_available() else 'cpu')
    stage = parser.add_argument_group('pseudo-label stage')
    stage.add_argument('--size', type=int, default=1024, help='side of the network input')
    stage.add_argument('--queries', type=int, default=100)
    stage.add_argument('--classes', type=int, default=80)
    stage.add_argument('--stage-survivors', type=int, default=5)
    stage.add_argument('--rois', type=int, default=64, help='positive RoIs of an image (PAIS)')
    offline = parser.add_argument_group('offline pseudo labels')
    offline.add_argument('--detections', type=int, default=400000, help='of all unlabeled images')
    offline.add_argument('--images', type=int, default=100000, help='number of unlabeled images')
    step = parser.add_argument_group('full step')
    step.add_argument('--synthetic', action='store_true',
                      help="generated images in the place of the config's data")
    step.add_argument('--checkpoint', help='trained weights; keeps the thresholds of the config')
    step.add_argument('--survivors', type=int, default=1,
                      help='pseudo labels per image without a checkpoint')
    step.add_argument('--progress', type=float, default=0.0,
                      help='progress of the semi-supervised phase in [0, 1]')
    step.add_argument('--workers', type=int, default=1, help='processes that load data')
    step.add_argument('--without-pretrained', action='store_true',
                      help="leave out the backbone's weights")
    step.add_argument('--cfg-options', nargs='+', action=DictAction,
                      help='override settings of the config, key=value')
    args = parser.parse_args()
    if args.iters < 4:
        parser.error(f'--iters {args.iters}: give a number >= 4')
    return args


def step_config(args: argparse.Namespace, folder: Path) -> Config:
    """Config of the full step, with its data, weights and loader."""
    cfg = load_config(args.config, args.cfg_options, check_data=not args.synthetic)
    if args.synthetic:
        use_synthetic_data(cfg, folder)
        for hook in cfg.custom_hooks:
            if hook.type == 'PseudoLabelStatisticsHook':
                hook.hidden_ann_file = None
    if args.without_pretrained:
        cfg.model.detector.backbone.init_cfg = None
    cfg.load_from = args.checkpoint
    cfg.train_dataloader.num_workers = args.workers
    cfg.train_dataloader.persistent_workers = args.workers > 0
    for name in ('val', 'test'):
        for part in ('dataloader', 'cfg', 'evaluator'):
            cfg.pop(f'{name}_{part}', None)
    cfg.default_hooks.checkpoint = None
    return cfg


def main() -> None:
    """Run the chosen parts."""
    args = parse_args()
    print(f'torch {torch.__version__}, {torch.get_num_threads()} threads')
    device = torch.device(args.device)
    if args.part in ('stage', 'all'):
        benchmark_stage(args.size, args.queries, args.classes, args.stage_survivors, args.iters,
                        device)
    if args.part in ('pais', 'all'):
        benchmark_pais(args.size, args.queries, args.classes, args.stage_survivors, args.rois,
                       args.iters, device)
    if args.part in ('offline', 'all'):
        cfg = load_config(OFFLINE_CONFIG if args.config == str(DEFAULT_CONFIG) else args.config,
                          args.cfg_options)
        benchmark_offline(cfg, args.detections, args.classes, args.images, args.iters, device)
    if args.part in ('box_teacher', 'all'):
        benchmark_box_teacher(128, 200, 336, args.iters, device)
    if args.part in ('ranks', 'all'):
        benchmark_ranks(320, args.iters, device)
    if args.part in ('step', 'all'):
        with tempfile.TemporaryDirectory() as folder:
            benchmark_step(
                step_config(args, Path(folder)), blocks=max(args.iters // 4, 1), block=4,
                survivors=None if args.checkpoint else args.survivors, progress=args.progress,
                device=args.device)


if __name__ == '__main__':
    main()
