"""A full training step over its floor, with everything a real run has around it.

    python benchmarks/step.py
    python benchmarks/step.py configs/pldc/mask2former_r50_coco1pct.py --synthetic

The floor is the teacher's forward and the student's forward and backward on the same images, with
plain losses. Goal: at most 1.10. Without ``--checkpoint`` the teacher is untrained, and thresholds
are lowered until about ``--survivors`` pseudo labels per image remain.
"""

import argparse
import copy
import resource
import statistics
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Optional

import torch
from compare import add_arguments
from measure import Span, StageClock, Stopwatch, median_span
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config, DictAction
from mmengine.hooks import Hook
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from synthetic_data import use_synthetic_data
from torch import Tensor, nn

from mmssis.engine.semi_detector import semi_detector
from mmssis.models.condinst import CondInstCandidates
from mmssis.models.mask_rcnn import MaskRCNNCandidates
from mmssis.models.pseudo_labels import AssignToBoxes, ThresholdFilter
from mmssis.utils import load_config

DEFAULT_CONFIG = (Path(__file__).parents[1] / 'configs' / 'pldc'
                  / 'mask2former_lite0_animals2pct.py')

CLOCK = 1_000_000
"""Iterations of the imagined run on whose clock the detector reads its progress."""

PREFETCHED = 2
"""Batches that the loader's worker has ready when a block of steps begins."""


class Floor:
    """Teacher forward, student forward and backward, optimizer: the same images, plain losses.

    The student is mmdet's own Mask2Former on labels and pseudo labels alike, in one forward
    where the sizes of labeled and unlabeled images agree. Other models are their own floor, on
    labels and pseudo labels without weights; their teacher's forward ends with the candidates.
    Pseudo masks of boxes count as true masks.

    Args:
        runner: the runner of the full step.
        cfg: its config.
    """

    def __init__(self, runner: Runner, cfg: Config) -> None:
        detector = semi_detector(runner)
        plain = copy.deepcopy(cfg.model.detector)
        self.candidates = detector.candidates
        self.has_queries = 'panoptic_head' in plain
        if self.has_queries:
            plain.panoptic_head.type = 'Mask2FormerHead'
        self.device = next(detector.student.parameters()).device
        self.teacher = detector.teacher
        self.model = nn.ModuleDict(dict(student=MODELS.build(plain))).to(self.device).train()
        # Not strict: mmdet's head has no mask-IoU output.
        self.model.student.load_state_dict(detector.student.state_dict(), strict=False)
        self.optim_wrapper = build_optim_wrapper(self.model, cfg.optim_wrapper)

    def step(self, batch: Dict[str, Dict[str, Any]]) -> None:
        """One step.

        Args:
            batch: preprocessed ``inputs`` and ``data_samples`` per branch, unlabeled samples
                with their pseudo labels as :meth:`plain_sample` gives them.
        """
        inputs, samples = batch['inputs'], batch['data_samples']
        self.teacher_forward(inputs['unsup_teacher'], samples['unsup_teacher'])
        labeled = [name for name in ('sup', 'sup_strong') if name in inputs]
        groups = [labeled, ['unsup_student']] if labeled else [['unsup_student']]
        shapes = {inputs[name].shape[1:] for names in groups for name in names}
        if self.has_queries and len(shapes) == 1:
            groups = [labeled + ['unsup_student']]
        losses = [
            self.model.student.loss(torch.cat([inputs[name] for name in names]),
                                    [sample for name in names for sample in samples[name]])
            for names in groups]
        total = sum(
            sum(value) if isinstance(value, list) else value
            for terms in losses for name, value in terms.items() if 'loss' in name)
        self.optim_wrapper.update_params(total)

    @torch.no_grad()
    def teacher_forward(self, images: Tensor, samples: List[DetDataSample]) -> None:
        """What any teacher has to compute."""
        if self.has_queries:
            self.teacher.panoptic_head(self.teacher.extract_feat(images), samples)
        else:
            self.candidates(self.teacher, images, samples)

    def plain_sample(self, sample: DetDataSample) -> DetDataSample:
        """A sample whose pseudo labels are ground truth: without weights, as mmdet wants it."""
        pseudo = sample.gt_instances
        plain = DetDataSample(metainfo={**sample.metainfo, 'box_labeled': False})
        if not self.has_queries:
            plain.gt_instances = InstanceData(
                labels=pseudo.labels, bboxes=pseudo.bboxes, masks=pseudo.masks)
            return plain
        masks = pseudo.masks.cpu().numpy().astype('uint8')
        plain.gt_instances = InstanceData(
            labels=pseudo.labels, masks=BitmapMasks(masks, *masks.shape[1:]))
        return plain


class StepBenchmarkHook(Hook):
    """Let blocks of full steps and of floor steps take turns within a real training.

    A full step reaches from the end of one to the end of the next: waiting for data, all hooks,
    EMA, log and statistics included. The first two steps of a block find their batches loaded
    during the floor's turn and are not counted; afterwards the loader works beside the step.

    Args:
        blocks: number of turns.
        block: counted steps of a turn.
        survivors: pseudo labels per image to aim at by lowering the thresholds of the first
            filter; None leaves the config's thresholds.
        progress: progress of the semi-supervised phase in [0, 1].
    """

    # After everything that a step includes.
    priority = 'LOWEST'

    def __init__(self, cfg: Config, blocks: int, block: int, survivors: Optional[int],
                 progress: float) -> None:
        self.cfg = cfg
        self.blocks = blocks
        self.block = block
        self.survivors = survivors
        self.progress = progress
        self.full: List[Span] = []
        self.plain: List[Span] = []
        self.pseudo_labels: List[int] = []
        self.clock: Optional[StageClock] = None
        self.images = 0
        self.waits: List[float] = []
        self._recent: List[dict] = []
        self._steps = 0

    def before_train(self, runner: Runner) -> None:
        """Watch what the preprocessor hands to the model."""
        detector = semi_detector(runner)
        self.device = next(detector.student.parameters()).device
        detector.data_preprocessor.register_forward_hook(self._remember)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Set the detector's clock."""
        if runner.iter:
            semi_detector(runner).set_clock(1 + round(self.progress * (CLOCK - 1)), CLOCK)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: Any = None) -> None:
        """Time the step that just ended, and take the floor's turn after a block."""
        if runner.iter == 0:
            self._begin(runner)
            return
        span = self._watch.read()
        self._steps += 1
        batch = self._recent[-1]
        samples = batch['data_samples']
        if self._steps > PREFETCHED:
            self.full.append(span)
            self.pseudo_labels += [
                len(sample.gt_instances) for sample in samples['unsup_student']]
            self.waits.append(runner.message_hub.get_scalar('train/data_time').current())
        if self._steps == PREFETCHED + self.block:
            self._end_block(runner)
        self._watch = Stopwatch(self.device)

    def _begin(self, runner: Runner) -> None:
        """After an untimed first step: choose thresholds, build the floor, warm it up."""
        detector = semi_detector(runner)
        batch = self._recent[-1]
        samples = batch['data_samples']
        self.images = sum(len(samples[name]) for name in ('sup', 'unsup_student')
                          if name in samples)
        if self.survivors is not None:
            lower_thresholds(detector, batch, self.survivors)
        self.floor = Floor(runner, self.cfg)
        self.floor.step(self._plain(batch))
        self._watch = Stopwatch(self.device)

    def _end_block(self, runner: Runner) -> None:
        """The floor's turn, on the images of the block; then the next block or the end."""
        if self.clock is not None:
            runner.train_loop.stop_training = True
            return
        for batch in self._recent[-self.block:]:
            batch = self._plain(batch)
            watch = Stopwatch(self.device)
            self.floor.step(batch)
            self.plain.append(watch.read())
        self._steps = 0
        if len(self.plain) == self.blocks * self.block:
            self.clock = clock_stages(runner, self.device)

    def _remember(self, preprocessor: nn.Module, inputs: Any, output: dict) -> None:
        """Keep the last preprocessed batches."""
        self._recent = [*self._recent[-self.block:], output]

    def _plain(self, batch: dict) -> dict:
        """The batch with its pseudo labels as ground truth."""
        samples = dict(batch['data_samples'])
        samples['unsup_student'] = [
            self.floor.plain_sample(sample) for sample in samples['unsup_student']]
        return dict(inputs=batch['inputs'], data_samples=samples)


@torch.no_grad()
def lower_thresholds(detector: Any, batch: dict, survivors: int) -> None:
    """Give an untrained teacher about as many pseudo labels as a trained one."""
    images = batch['inputs']['unsup_teacher']
    if isinstance(detector.candidates, (CondInstCandidates, MaskRCNNCandidates)):
        detector.candidates.score_thr = 0.0
    candidates = detector.candidates(
        detector.teacher, images, batch['data_samples']['unsup_teacher'])
    scores: Tensor = torch.cat([instances.class_scores for instances in candidates])
    number = min(survivors * len(images), len(scores))
    for hook in detector.pseudo_label_hooks.values():
        if isinstance(hook, ThresholdFilter):
            hook.class_thr = float(scores.topk(number).values[-1])
            hook.mask_thr = 0.0
        if isinstance(hook, AssignToBoxes):
            hook.score_thr = hook.iou_thr = 0.0


def clock_stages(runner: Runner, device: torch.device) -> StageClock:
    """Time each part of the full step from now on."""
    clock, detector = StageClock(device), semi_detector(runner)
    clock.watch('preprocessing', detector.data_preprocessor, 'forward')
    clock.watch('teacher and candidates', detector, 'candidates')
    for name, hook in detector.pseudo_label_hooks.items():
        clock.watch(name, hook, 'forward')
    clock.watch('student forward and losses', detector, 'student_losses')
    clock.watch('backward', runner.optim_wrapper, 'backward')
    clock.watch('optimizer', runner.optim_wrapper, 'step')
    for hook in runner.hooks:
        if not isinstance(hook, StepBenchmarkHook):
            clock.watch(type(hook).__name__, hook, 'after_train_iter')
    return clock


def benchmark_step(cfg: Config, blocks: int, block: int, survivors: Optional[int],
                   progress: float, device: str) -> None:
    """Run a training of a few steps and print the step over its floor.

    Args:
        cfg: config of the run; its learning rate, burn-in, validation and log are changed.
        blocks: number of turns of full and floor steps.
        block: counted steps of a turn.
        survivors: pseudo labels per image to aim at, or None for the config's thresholds.
        progress: progress of the semi-supervised phase in [0, 1].
        device: 'cpu' or 'cuda'.
    """
    cfg = copy.deepcopy(cfg)
    cfg.model.burn_in = 0
    cfg.train_cfg = dict(type='SemiTrainLoop', max_iters=CLOCK, val_begin=CLOCK)
    # Learning at a rate of nothing costs the same and keeps the number of pseudo labels.
    cfg.optim_wrapper.optimizer.lr = 1e-12
    cfg.param_scheduler = None
    cfg.log_level = 'ERROR'
    with tempfile.TemporaryDirectory() as work_dir:
        cfg.work_dir = work_dir
        runner = Runner.from_cfg(cfg)
        if device == 'cpu':
            runner.model.cpu()
        hook = StepBenchmarkHook(cfg, blocks, block, survivors, progress)
        runner.register_hook(hook)
        runner.train()
    report(hook)


def report(hook: StepBenchmarkHook) -> None:
    """Print the result of a finished benchmark."""
    full, plain = median_span(hook.full[:len(hook.plain)]), median_span(hook.plain)
    mean = sum(hook.pseudo_labels) / max(len(hook.pseudo_labels), 1)
    print(f'\nFull step over its floor: {hook.images} images, {mean:.1f} pseudo labels per '
          f'unlabeled image, progress {hook.progress}, medians of {len(hook.plain)}, {hook.device}')
    print(f'  full step  {1e3 * full.wall:10.1f} ms  '
          f'({hook.images / full.wall:.2f} images per second)')
    print(f'  floor      {1e3 * plain.wall:10.1f} ms')
    print(f'  ratio      {full.wall / plain.wall:10.3f}    (of processor time '
          f'{full.processor / plain.processor:.3f}, without the loader)')
    print('  where the time goes, per step:')
    print(f'    {"waiting for data":30s} {1e3 * statistics.median(hook.waits):10.1f} ms')
    steps = hook.block + PREFETCHED
    for name, seconds in sorted(hook.clock.seconds.items(), key=lambda item: -item[1]):
        print(f'    {name:30s} {1e3 * seconds / steps:10.1f} ms')
    if hook.device.type == 'cuda':
        peak = torch.cuda.max_memory_allocated(hook.device) / 2**20
        print(f'  peak memory of the device {peak:.0f} MB, floor included')
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        print(f'  peak memory of the process {peak:.0f} MB, floor included')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', nargs='?', default=str(DEFAULT_CONFIG))
    parser.add_argument('--synthetic', action='store_true',
                        help="generated images in the place of the config's data")
    parser.add_argument('--checkpoint', help='trained weights; keeps the thresholds of the config')
    parser.add_argument('--survivors', type=int, default=1,
                        help='pseudo labels per image without a checkpoint')
    parser.add_argument('--progress', type=float, default=0.0,
                        help='progress of the semi-supervised phase in [0, 1]')
    parser.add_argument('--workers', type=int, default=1, help='processes that load data')
    parser.add_argument('--without-pretrained', action='store_true',
                        help="leave out the backbone's weights")
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        help='override settings of the config, key=value')
    add_arguments(parser)
    args = parser.parse_args()
    if args.iters < 4:
        parser.error(f'--iters {args.iters}: give a number >= 4')
    return args


def step_config(args: argparse.Namespace, folder: Path) -> Config:
    """Config of the full step, with its data, weights and loader."""
    cfg = load_config(args.config, args.cfg_options, check_data=not args.synthetic)
    if args.synthetic:
        use_synthetic_data(cfg, folder)
        if cfg.default_hooks.get('statistics'):
            cfg.default_hooks.statistics.hidden_ann_file = None
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
    """Command line."""
    args = parse_args()
    print(f'torch {torch.__version__}, {torch.get_num_threads()} threads')
    with tempfile.TemporaryDirectory() as folder:
        benchmark_step(
            step_config(args, Path(folder)), blocks=args.iters // 4, block=4,
            survivors=None if args.checkpoint else args.survivors, progress=args.progress,
            device=args.device)


if __name__ == '__main__':
    main()
