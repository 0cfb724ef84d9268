"""Validation and test data, judged as the evaluator reads them."""

from contextlib import contextmanager
from typing import Iterator, List, Sequence

from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmengine.runner.base_loop import BaseLoop

from mmssis.datasets.checks import evaluation_data, evaluator_input, set_summary
from mmssis.datasets.checks.coco_validation import explain_coco_error, judge_coco, shorten
from mmssis.datasets.checks.perfect_predictions import IOU_TYPES
from mmssis.engine.runner.semi_val_loop import SemiValLoop
from mmssis.utils.nearest import nearest_name


def find_problems(loop: BaseLoop, image_ids: List, hooks: Sequence[Hook] = ()) -> List[str]:
    """Judge the data of a validation or test loop on this rank; what is completed is logged.

    Args:
        loop: a loop with ``evaluator`` and ``dataloader``.
        image_ids: ids of its images.
        hooks: those of the run; ``CheckpointHook.save_best`` must name a metric of the loop.

    Returns:
        What the evaluator would crash on or count wrongly.
    """
    found = evaluation_data.check_evaluator(loop.evaluator, loop.dataloader.dataset, image_ids)
    for text in found.told:
        print_log(text, logger='current', level=30)
    tried = [metric for metric in evaluator_input.coco_metrics(loop.evaluator)
             if IOU_TYPES.issuperset(metric.metrics)]
    if len(tried) < len(loop.evaluator.metrics):
        return found.problems  # the names of other metrics are not known before they are computed
    branches = loop.predict_on if isinstance(loop, SemiValLoop) else None
    names = [f'{branch}/{name}' for branch in branches for name in sorted(found.names)
             ] if branches else sorted(found.names)
    return found.problems + list(_save_best_problems(hooks, names))


def _save_best_problems(hooks: Sequence[Hook], names: Sequence[str]) -> Iterator[str]:
    """Metrics of ``save_best`` that no validation returns."""
    for hook in hooks if names else ():
        for name in (hook.save_best or ()) if isinstance(hook, CheckpointHook) else ():
            if name not in (*names, 'auto'):
                meant = nearest_name(name, names) or names[0]
                yield (f'default_hooks.checkpoint.save_best = {name!r} is no metric of the '
                       f'validation: did you mean {meant!r}? There are {shorten(names)}.')


def complete(loop: BaseLoop) -> None:
    """Complete the ground truth of a loop that another rank has judged, as that rank did.

    Args:
        loop: a loop with ``evaluator`` and ``dataloader``.
    """
    dataset = loop.dataloader.dataset
    for metric in evaluator_input.coco_metrics(loop.evaluator):
        evaluator_input.complete(metric, '', dataset.metainfo['classes'])


def check_test_data(runner: Runner) -> None:
    """Judge the test data before anything is predicted; rank 0 does, all ranks stop together.

    Args:
        runner: a runner with a test loop.

    Raises:
        ValueError: with all that is wrong.
    """
    with explained(runner.cfg, 'test'):
        loop = runner.test_loop
    outcome = [_test_problems(loop) if is_main_process() else []]
    broadcast_object_list(outcome)
    if outcome[0]:
        raise ValueError('The test data cannot be evaluated:\n- ' + '\n- '.join(outcome[0]))
    if not is_main_process():
        complete(loop)


def build_val_loop(runner: Runner) -> None:
    """Build the validation loop of a runner, if it has one.

    Args:
        runner: the runner.

    Raises:
        ValueError: if the annotation file is to blame for an error; with the cause.
    """
    with explained(runner.cfg, 'val'):
        runner.val_loop  # noqa: B018  building it is what reads the file


@contextmanager
def explained(cfg: Config, part: str) -> Iterator[None]:
    """Say what is wrong with an annotation file where mmdet stops without the cause.

    Args:
        cfg: the run.
        part: 'val' or 'test'.

    Raises:
        ValueError: with the cause.
    """
    try:
        yield
    except (KeyError, ValueError, TypeError, AssertionError) as error:
        cause = explain_coco_error(cfg[f'{part}_dataloader'].dataset)
        if cause is None:
            raise
        raise ValueError(f'{part}_dataloader.dataset: {cause}') from error


def _test_problems(loop: BaseLoop) -> List[str]:
    """What is wrong with the test data; an error is a problem too, so that no rank waits."""
    try:
        dataset, metrics = loop.dataloader.dataset, evaluator_input.coco_metrics(loop.evaluator)
        problems: List[str] = []
        if metrics:
            masks = any(map(evaluator_input.reads_masks, metrics))
            for path in evaluation_data.annotation_files(dataset):
                problems += judge_coco(path, masks).problems
        return problems or find_problems(loop, [
            info['img_id'] for info in set_summary.data_infos(dataset)])
    except Exception as error:
        return [f'A check failed itself: {type(error).__name__}: {error}']
