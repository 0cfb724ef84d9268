"""Evaluate. Adapted from mmdet's ``tools/test.py`` (Apache-2.0)."""

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Union

from mmdet.evaluation import DumpDetResults
from mmengine.dist import is_main_process
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from mmssis.engine.building import naming_the_part
from mmssis.engine.checkpoint import read_checkpoint
from mmssis.engine.evaluation_checks import check_test_data
from mmssis.engine.run import configure_run, plain_numbers
from mmssis.engine.terminal import EvaluationProgressHook, build_runner, open_terminal
from mmssis.engine.trained_model import check_weights
from mmssis.models.detectors import SemiInstanceSegmentor
from mmssis.utils.workers import guard_workers

from .configs import ConfigOrPath, settled_config

BRANCHES = ('teacher', 'student')
Metrics = Dict[str, Dict[str, float]]


def test(config: ConfigOrPath,
         checkpoint: Union[str, Path],
         *,
         work_dir: Optional[Union[str, Path]] = None,
         cfg_options: Optional[Dict[str, Any]] = None,
         predict_on: Optional[str] = None,
         supervised: bool = False,
         out: Optional[Path] = None,
         launcher: str = 'none',
         verbose: bool = False) -> Metrics:
    """Evaluate a checkpoint, print the metrics and write them to ``test_metrics.json``.

        from mmssis import api
        ap = api.test('bolts.py', 'work_dirs/bolts/iter_5000.pth')['teacher']['coco/segm_mAP']

    Args:
        config: a file, the name of a shipped config, or what ``load_config`` returned.
        checkpoint: of a training, or an exported one.
        work_dir: folder of the metrics. Default: as of :func:`mmssis.api.train`.
        cfg_options: dotted keys and values that override the config.
        predict_on: 'teacher', 'student' or 'both'; None takes the config's.
        supervised: the checkpoint is of a supervised baseline.
        out: pickle of the predictions; with 'both' ``FILE.teacher.pkl`` and ``FILE.student.pkl``.
        launcher: what started the processes: 'none', 'pytorch', 'slurm' or 'mpi'.
        verbose: show all that MMEngine logs, in place of a bar and the lines that matter.

    Returns:
        Metrics by branch; of a model without branches by 'detector'.

    Raises:
        ValueError: if a setting or the data is wrong, or the checkpoint does not fit.
    """
    cfg = settled_config(config, cfg_options, supervised)
    weights = read_checkpoint(checkpoint)['state_dict']
    configure_run(cfg, work_dir, launcher)
    # The weights are loaded below, where it is checked that they fit.
    cfg.load_from, cfg.resume = None, False
    with open_terminal(verbose) as terminal:
        with naming_the_part(cfg):
            runner = build_runner(Runner, cfg, terminal, EvaluationProgressHook)
        branches = _load(runner, weights, predict_on)
        results = {}
        for branch in branches or [None]:
            is_one_of_two = out is not None and len(branches) > 1
            file = Path(out).with_suffix(f'.{branch}{Path(out).suffix}') if is_one_of_two else out
            results[branch or 'detector'] = _evaluate(runner, branch, file)
    if is_main_process():
        _tell(results, Path(runner.work_dir, 'test_metrics.json'))
    return results


def _load(runner: Runner, weights: Mapping[str, Tensor], predict_on: Optional[str]) -> List[str]:
    """Load weights that fit, and say which branches are evaluated."""
    model = _unwrap(runner)
    branches = _choose_branches(model, weights, predict_on)
    check_weights(model, weights, branches)
    check_test_data(runner)
    model.load_state_dict(weights, strict=False)
    return branches


def _choose_branches(model: nn.Module, weights: Mapping[str, Tensor],
                     predict_on: Optional[str]) -> List[str]:
    """Of 'teacher' and 'student' those to evaluate; empty for a model without them."""
    if not isinstance(model, SemiInstanceSegmentor):
        if predict_on is not None:
            raise ValueError(f'--predict-on {predict_on}: the model of this config is a plain '
                             f'{type(model).__name__}, it has no teacher and student.')
        return []
    if not any(name.startswith('student.') for name in weights):
        if predict_on in ('student', 'both'):
            raise ValueError(f'--predict-on {predict_on}: this is an exported checkpoint, it '
                             'holds one detector only. Use the checkpoint of the training run.')
        print('Exported checkpoint: evaluating the one detector in it.', flush=True)
    return list(BRANCHES) if predict_on == 'both' else [predict_on or model.predict_on]


def _unwrap(runner: Runner) -> nn.Module:
    """The model without the wrapper of a distributed run."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _evaluate(runner: Runner, branch: Optional[str], out: Optional[Path]) -> Dict[str, float]:
    """Metrics of one branch, or of a plain detector; the predictions go to ``out``."""
    if branch is not None:
        _unwrap(runner).predict_on = branch
    guard_workers(runner.test_loop.dataloader)
    metrics = runner.test_loop.evaluator.metrics
    dump = [] if out is None else [DumpDetResults(out_file_path=str(out))]
    metrics.extend(dump)
    try:
        return plain_numbers(runner.test())
    finally:
        del metrics[len(metrics) - len(dump):]


def _tell(results: Metrics, path: Path) -> None:
    """Write and print the metrics."""
    path.write_text(json.dumps(results, indent=2))
    for branch, metrics in results.items():
        values = ', '.join(f'{name} {value:.4g}' for name, value in metrics.items())
        print(f'{branch}: {values}')
    print(f'Written to {path}')
