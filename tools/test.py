"""Evaluate a checkpoint: ``python tools/test.py CONFIG CHECKPOINT [options]``.

Evaluates the teacher unless asked for the student or both. Works on a GPU and on the CPU;
``tools/dist_test.sh`` starts it on several. Adapted from mmdet's ``tools/test.py`` (Apache-2.0).
"""

import argparse
import json
from pathlib import Path
from typing import Dict, List, Mapping, Optional

from mmdet.evaluation import DumpDetResults
from mmengine.dist import is_main_process
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

import mmssis  # noqa: F401  registers every component before the config is read
from mmssis.engine.building import naming_the_part
from mmssis.engine.checkpoint import read_checkpoint
from mmssis.engine.evaluation_checks import check_test_data
from mmssis.engine.run import add_run_arguments, configure_run, leave_process_group, plain_numbers
from mmssis.engine.trained_model import check_weights
from mmssis.models.detectors import SemiInstanceSegmentor
from mmssis.utils.config import load_config
from mmssis.utils.workers import guard_workers

BRANCHES = ('teacher', 'student')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', type=Path,
                        help='checkpoint of tools/train.py, or an exported one')
    add_run_arguments(parser)
    parser.add_argument('--predict-on', choices=[*BRANCHES, 'both'],
                        help="whom to evaluate (default: the config's model.predict_on, which is "
                        'the teacher unless set)')
    parser.add_argument('--supervised', action='store_true',
                        help='the checkpoint is of tools/train.py CONFIG --supervised')
    parser.add_argument('--out', type=Path, metavar='FILE.pkl',
                        help='write the predictions; with "both" to FILE.teacher.pkl and '
                        'FILE.student.pkl')
    args = parser.parse_args()
    if not args.checkpoint.is_file():
        parser.error(f'no such checkpoint: {args.checkpoint}')
    if args.out is not None and args.out.suffix not in ('.pkl', '.pickle'):
        parser.error(f'--out {args.out}: the predictions are a pickle, name it FILE.pkl')
    return args


def choose_branches(model: nn.Module, weights: Mapping[str, Tensor],
                    predict_on: Optional[str]) -> List[str]:
    """Decide whom to evaluate.

    Args:
        model (nn.Module): The model of the config.
        weights (Mapping[str, Tensor]): The checkpoint's state dict.
        predict_on (str, optional): 'teacher', 'student' or 'both'.

    Returns:
        list[str]: Of 'teacher' and 'student'; empty for a model without them.

    Raises:
        SystemExit: If the student is asked for where there is none.
    """
    if not isinstance(model, SemiInstanceSegmentor):
        if predict_on is not None:
            raise SystemExit(f'--predict-on {predict_on}: the model of this config is a plain '
                             f'{type(model).__name__}, it has no teacher and student.')
        return []
    if not any(name.startswith('student.') for name in weights):
        if predict_on in ('student', 'both'):
            raise SystemExit(f'--predict-on {predict_on}: this is an exported checkpoint, it '
                             'holds one detector only. Use the checkpoint of the training run.')
        print('Exported checkpoint: evaluating the one detector in it.', flush=True)
    return list(BRANCHES) if predict_on == 'both' else [predict_on or model.predict_on]


def unwrap(runner: Runner) -> nn.Module:
    """Return the model without the wrapper of a distributed run."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def evaluate(runner: Runner, branch: Optional[str], out: Optional[Path]) -> Dict[str, float]:
    """Evaluate one branch, with the weights that the model has.

    Args:
        runner (Runner): The run.
        branch (str, optional): 'teacher' or 'student'; None for a plain detector.
        out (Path, optional): Where to write the predictions.

    Returns:
        dict[str, float]: The metrics.
    """
    if branch is not None:
        unwrap(runner).predict_on = branch
    guard_workers(runner.test_loop.dataloader)
    metrics = runner.test_loop.evaluator.metrics
    dump = [] if out is None else [DumpDetResults(out_file_path=str(out))]
    metrics.extend(dump)
    try:
        return plain_numbers(runner.test())
    finally:
        del metrics[len(metrics) - len(dump):]


def main() -> None:
    """Evaluate, print the metrics and write them to ``test_metrics.json``."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options, supervised=args.supervised)
    configure_run(cfg, args)
    # The weights are loaded below, where it is checked that they fit.
    cfg.load_from, cfg.resume = None, False
    with naming_the_part(cfg):
        runner = Runner.from_cfg(cfg)
    model = unwrap(runner)
    try:
        weights = read_checkpoint(args.checkpoint)['state_dict']
        branches = choose_branches(model, weights, args.predict_on)
        check_weights(model, weights, branches)
        check_test_data(runner)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    model.load_state_dict(weights, strict=False)

    results = {}
    for branch in branches or [None]:
        out = args.out
        if out is not None and len(branches) > 1:
            out = out.with_suffix(f'.{branch}{out.suffix}')
        results[branch or 'detector'] = evaluate(runner, branch, out)
    if is_main_process():
        path = Path(runner.work_dir, 'test_metrics.json')
        path.write_text(json.dumps(results, indent=2))
        for branch, metrics in results.items():
            values = ', '.join(f'{name} {value:.4g}' for name, value in metrics.items())
            print(f'{branch}: {values}')
        print(f'Written to {path}')


if __name__ == '__main__':
    main()
    leave_process_group()
