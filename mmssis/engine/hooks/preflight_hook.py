"""Checks before training, and the account of what will be learned."""

import json
import traceback
from pathlib import Path
from typing import Callable, Dict, List, Sequence

from mmdet.registry import HOOKS
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmssis.datasets import sources_of
from mmssis.datasets.checks import account, account_table, evaluator_input, run_data
from mmssis.engine import evaluation_checks, model_checks
from mmssis.engine.semi_detector import class_names, unwrapped_model
from mmssis.models.detectors import SemiInstanceSegmentor
from mmssis.utils.settings import check_range

ALL_CHECKS = ('train_loop', 'pseudo_labels', 'boxes', 'classes', 'annotation_files', 'masks',
              'categories', 'overlap', 'images', 'samples', 'account', 'evaluator')
# Faulty files would make the latter fail for reasons that were told, or end the process.
JUDGING_FILES, USING_FILES = ('annotation_files', 'masks'), ('samples', 'account', 'evaluator')


@HOOKS.register_module()
class PreflightHook(Hook):
    """Check model and data before the first iteration, and prepare the model.

    Rank 0 checks and tells the others. All ranks stop together, with all problems in one message.
    Then ``model.prepare(classes)`` runs on every rank. What is learned, what is left out and why
    is logged as a table, with all numbers in ``data.json`` of the work directory.

    Args:
        checks (Sequence[str]): Which checks to run. ``'train_loop'``: it sets the clock of a
            semi-supervised model; ``'pseudo_labels'``: after burn-in there are images to make
            them of, and a filter; ``'boxes'``: the detector and its pseudo-label hooks fit images
            that are labeled with boxes alone; ``'classes'``: the same in training data,
            validation data and heads; ``'annotation_files'``: valid COCO JSON; ``'masks'``: every
            labeled or pseudo-labeled instance has one, unless boxes are the labels;
            ``'categories'``: each has a labeled instance; ``'overlap'``: no image in two sets, and
            none twice in a set; ``'images'``: every file is there; ``'samples'``: the pipelines
            can load one of each set; ``'account'``: few instances are lost; ``'evaluator'``: the
            validation data, taken as predictions, get AP 1, after what the evaluator needs was
            completed in memory, and ``save_best`` names a metric. Defaults to all of them.
        warn_only (Sequence[str]): Checks that warn instead of stopping the run; small splits may
            lack a category. Defaults to ('categories', ).
        allow_labeled_in_unlabeled (bool): Whether images with masks or boxes may be unlabeled
            ones too; an image with masks is never one with boxes alone. Defaults to False.
        decode_images (bool): Whether ``'images'`` decodes every image as well, which reads the
            whole data set once. Defaults to False.
        max_lost (float): Largest share of a source's annotations that may be lost, as they are
            crowd regions or have no area, in [0, 1]; more stop the run, fewer warn. Classes that
            ``data_set.classes`` leaves out are no loss. Defaults to 0.5.

    Raises:
        ValueError: If a setting is out of range or names an unknown check.
    """

    priority = 'VERY_HIGH'

    def __init__(self,
                 checks: Sequence[str] = ALL_CHECKS,
                 warn_only: Sequence[str] = ('categories', ),
                 allow_labeled_in_unlabeled: bool = False,
                 decode_images: bool = False,
                 max_lost: float = 0.5) -> None:
        for key, names in (('checks', checks), ('warn_only', warn_only)):
            unknown = sorted(set(names) - set(ALL_CHECKS))
            if unknown:
                raise ValueError(f'default_hooks.preflight.{key} names unknown checks {unknown}; '
                                 f'there are {ALL_CHECKS}.')
        self.checks = tuple(checks)
        self.warn_only = tuple(warn_only)
        self.allow_labeled_in_unlabeled = allow_labeled_in_unlabeled
        self.decode_images = decode_images
        self.max_lost = check_range('default_hooks.preflight.max_lost', max_lost, 0, 1)

    def before_train(self, runner: Runner) -> None:
        """Check model and data, then prepare the model.

        Args:
            runner (Runner): The runner, with its training data loader.

        Raises:
            ValueError: If a check that stops the run finds a problem; on all ranks.
        """
        outcome = [self._find_problems(runner) if is_main_process() else None]
        broadcast_object_list(outcome)
        if outcome[0]:
            raise ValueError('The run is not ready for training:\n- ' + '\n- '.join(outcome[0]))
        if 'evaluator' in self.checks and runner.val_loop is not None and not is_main_process():
            evaluation_checks.complete(runner.val_loop)
        model = unwrapped_model(runner)
        if hasattr(model, 'prepare'):
            model.prepare(class_names(runner))

    def _find_problems(self, runner: Runner) -> List[str]:
        """Run the checks; an error inside one is a problem too, so that no rank is left waiting."""
        problems = []
        faulty = False
        try:
            checks = self._checks(runner)
            for name in self.checks:
                if faulty and name in USING_FILES:
                    continue
                found = checks[name]()
                faulty = faulty or bool(found and name in JUDGING_FILES)
                if name in self.warn_only:
                    for problem in found:
                        print_log(problem, logger='current', level=30)
                else:
                    problems += found
        except Exception:
            problems.append(f'A check failed itself:\n{traceback.format_exc()}')
        return problems

    def _checks(self, runner: Runner) -> Dict[str, Callable[[], List[str]]]:
        """The checks by name."""
        model, max_iters = unwrapped_model(runner), runner.max_iters
        data = data_of(runner)
        return dict(
            train_loop=lambda: model_checks.check_train_loop(model, runner.train_loop),
            pseudo_labels=lambda: model_checks.check_pseudo_labels(
                model, max_iters, data.sources),
            boxes=lambda: model_checks.check_boxes(model, max_iters, data.sources),
            classes=lambda: run_data.check_classes(data, model_checks.head_classes(model)),
            annotation_files=lambda: run_data.check_annotation_files(data),
            masks=lambda: run_data.check_masks(data),
            categories=lambda: run_data.check_categories(data),
            overlap=lambda: run_data.check_overlap(data, self.allow_labeled_in_unlabeled),
            images=lambda: run_data.check_images(data, self.decode_images),
            samples=lambda: run_data.check_samples(data),
            account=lambda: self._account(runner, data),
            evaluator=lambda: [] if data.val is None else evaluation_checks.find_problems(
                runner.val_loop, data.summaries[run_data.VAL].image_ids, runner.hooks))

    def _account(self, runner: Runner, data: run_data.RunData) -> List[str]:
        """Show and write the account; which sources lose too much."""
        limit = model_checks.object_limit(unwrapped_model(runner))
        counted = run_data.account_for(data, limit)
        path = Path(runner.work_dir, 'data.json')
        path.write_text(json.dumps(counted.as_dict(), indent=2, ensure_ascii=False),
                        encoding='utf-8')
        print_log(account_table.table(counted, str(path)), logger='current')
        problems: List[str] = []
        remarks: List[str] = []
        for name, source in counted.sources.items():
            place = run_data.VAL if name == 'val' else f'{run_data.SOURCES}.{name}'
            if name == 'val' and not source.instances:
                remarks.append(f'{place} has no object to evaluate, so every AP will be -1.')
            elif name != 'val' and source.instances is not None:
                lost = account.lost_problems(place, source, self.max_lost)
                problems += lost
                remarks += [] if lost else account.loss_remarks(place, source)
            remarks += account.model_remarks(place, source, limit, data.size)
        for remark in remarks:
            print_log(remark, logger='current', level=30)
        return problems


def data_of(runner: Runner) -> run_data.RunData:
    """The data sets that a run reads; unlabeled images only if it goes on after burn-in.

    Args:
        runner: the runner.
    """
    dataset = runner.train_dataloader.dataset
    model = unwrapped_model(runner)
    supervised = isinstance(model, SemiInstanceSegmentor) and model.is_supervised(runner.max_iters)
    sources = {name: source for name, source in sources_of(dataset).items()
               if name != 'unlabeled' or not supervised}
    loop = runner.val_loop
    return run_data.RunData(
        sources=sources,
        val=None if loop is None else runner.val_dataloader.dataset,
        classes=class_names(runner),
        evaluates_masks=loop is not None and any(
            map(evaluator_input.reads_masks, evaluator_input.coco_metrics(loop.evaluator))),
        skips_unreadable=getattr(dataset, 'on_unreadable', 'error') == 'skip')
