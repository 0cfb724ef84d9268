"""Time and memory of a run, from a few updates of it."""

import math
import resource
import sys
import time
import warnings
from pathlib import Path
from statistics import median
from typing import Any, Dict, NamedTuple, Optional, Tuple

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmssis.datasets.checks.quietly import quietly
from mmssis.models.detectors import SemiInstanceSegmentor
from mmssis.models.pseudo_labels import DualThresholdFilter
from mmssis.utils.config import load_config

MEASURED = 3
# Seconds after which no further update of a kind is measured.
ENOUGH = 60
KEPT_WAITING = 0.7


class Cost(NamedTuple):
    """What an update costs.

    Attributes:
        burn_in: seconds of one on labels alone.
        semi: seconds of one with pseudo labels.
        memory: most bytes of the GPU, or of the process without one.
        processor: seconds of the processor in a second of the clock, while it was measured.
    """

    burn_in: float
    semi: float
    memory: int
    processor: float


def measure_updates(config: Path, labels_per_image: float) -> Cost:
    """Time up to three updates of each kind on the data of a config; nothing is written.

    The model begins with random weights, which cost the same. Its thresholds are lowered until
    the unlabeled images have as many pseudo labels as labeled ones have objects.

    Args:
        config: of a PL-DC run.
        labels_per_image: pseudo labels of an unlabeled image, >= 1.

    Returns:
        Medians, after one update that is not counted, and the peak of memory.
    """
    cfg = load_config(config)
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    parts = _build(cfg, device)
    started = time.perf_counter(), time.process_time()
    seconds = {burn_in: _median_time(*parts, burn_in, labels_per_image)
               for burn_in in (math.inf, 0)}
    processor = (time.process_time() - started[1]) / (time.perf_counter() - started[0])
    return Cost(seconds[math.inf], seconds[0], _peak_memory(device), processor)


def told(cost: Cost, max_iters: int, gpu: Optional[str]) -> str:
    """A cost in words.

    Args:
        cost: of an update.
        max_iters: updates of the run.
        gpu: name of the GPU; None on a CPU.
    """
    device = gpu or 'main memory'
    was_kept_waiting = gpu is None and cost.processor < KEPT_WAITING
    waited = (f'\nThe process ran for {cost.processor:.0%} of the time: other work, or slow '
              'storage, kept it waiting.' if was_kept_waiting else '')
    burn_in, semi, longest = (duration(seconds) for seconds in (
        1000 * cost.burn_in, 1000 * cost.semi, max_iters * max(cost.burn_in, cost.semi)))
    return (f'1,000 updates: about {burn_in} (burn-in) to {semi} (with pseudo labels); '
            f'{cost.memory / 1e9:.1f} GB of {device}.\nAll {max_iters:,} updates: up to {longest}, '
            f'validation not counted.{waited}')


def duration(seconds: float) -> str:
    """A time in words: '50 s', '42 min', '1 h 10 min'.

    Args:
        seconds: >= 0.
    """
    if seconds < 90:
        return f'{seconds:.0f} s'
    hours, minutes = divmod(round(seconds / 60), 60)
    return f'{hours} h {minutes} min' if hours else f'{minutes} min'


def _build(cfg: Config, device: torch.device
           ) -> Tuple[SemiInstanceSegmentor, OptimWrapper, DataLoader]:
    """Model, optimizer and training data of a run; on a GPU in mixed precision."""
    if device.type == 'cuda':
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
    with quietly():
        model = MODELS.build(cfg.model).to(device)
        optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    model.prepare(loader.dataset.metainfo['classes'])
    return model.train(), optim_wrapper, loader


def _median_time(model: SemiInstanceSegmentor, optim_wrapper: OptimWrapper, loader: DataLoader,
                 burn_in: float, labels_per_image: float) -> float:
    """Seconds of an update, its batch included, with a burn-in of so many updates.

    The first one is slower and counts only where it takes too long to wait for another.
    """
    loader.batch_sampler.set_burn_in(burn_in)
    model.end_burn_in(burn_in)
    model.set_clock(0, 1)
    batches, times = iter(loader), []
    for number in range(MEASURED + 1):
        start = time.perf_counter()
        batch = next(batches)
        if burn_in == 0 and number == 0:
            _lower_thresholds(model, batch, labels_per_image)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            model.train_step(batch, optim_wrapper)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
        if sum(times) > ENOUGH:
            break
    return median(times[1:] or times)


@torch.no_grad()
def _lower_thresholds(model: SemiInstanceSegmentor, batch: Dict[str, Any],
                      labels_per_image: float) -> None:
    """Let a model that knows nothing give about as many pseudo labels as a trained one."""
    views = model.data_preprocessor(batch, True)
    images = views['inputs']['unsup_teacher']
    candidates = model.candidates(model.teacher, images,
                                  views['data_samples']['unsup_teacher'])
    scores = torch.cat([instances.class_scores for instances in candidates])
    number = min(max(round(labels_per_image * len(images)), 1), len(scores))
    for hook in model.pseudo_label_hooks.values():
        if isinstance(hook, DualThresholdFilter):
            hook.class_thr, hook.mask_thr = float(scores.topk(number).values[-1]), 0.0


def _peak_memory(device: torch.device) -> int:
    """Most bytes of the GPU, or of this process."""
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == 'darwin' else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
