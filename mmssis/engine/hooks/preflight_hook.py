"""Checks before training."""

import traceback
from typing import Callable, Dict, List, Sequence

from mmdet.registry import HOOKS
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmssis.datasets import sources_of
from mmssis.datasets.checks import run_data
from mmssis.engine import model_checks
from mmssis.engine.semi_detector import class_names, unwrapped_model

ALL_CHECKS = ('train_loop', 'pseudo_labels', 'boxes', 'classes', 'annotation_files', 'masks',
              'categories', 'overlap', 'images')


@HOOKS.register_module()
class PreflightHook(Hook):
    """Check model and data before the first iteration, and prepare the model.

    Rank 0 checks and tells the others. All ranks stop together, with all problems in one message.
    Then ``model.prepare(classes)`` runs on every rank.

    Args:
        checks (Sequence[str]): Which checks to run. ``'train_loop'``: it sets the clock of a
            semi-supervised model; ``'pseudo_labels'``: after burn-in there are images to make
            them of, and a filter; ``'boxes'``: the detector and its pseudo-label hooks fit images
            that are labeled with boxes alone; ``'classes'``: the same in training data,
            validation data and heads; ``'annotation_files'``: valid COCO JSON; ``'masks'``: every
            labeled or pseudo-labeled instance has one, unless boxes are the labels;
            ``'categories'``: each has a labeled instance; ``'overlap'``: no image in two sets;
            ``'images'``: every file is there. Defaults to all of them.
        warn_only (Sequence[str]): Checks that warn instead of stopping the run; small splits may
            lack a category. Defaults to ('categories', ).
        allow_labeled_in_unlabeled (bool): Whether images with masks or boxes may be unlabeled
            ones too; an image with masks is never one with boxes alone. Defaults to False.
        decode_images (bool): Whether ``'images'`` decodes every image as well, which reads the
            whole data set once. Defaults to False.
    """

    priority = 'VERY_HIGH'

    def __init__(self,
                 checks: Sequence[str] = ALL_CHECKS,
                 warn_only: Sequence[str] = ('categories', ),
                 allow_labeled_in_unlabeled: bool = False,
                 decode_images: bool = False) -> None:
        for key, names in (('checks', checks), ('warn_only', warn_only)):
            unknown = sorted(set(names) - set(ALL_CHECKS))
            if unknown:
                raise ValueError(f'default_hooks.preflight.{key} names unknown checks {unknown}; '
                                 f'there are {ALL_CHECKS}.')
        self.checks = tuple(checks)
        self.warn_only = tuple(warn_only)
        self.allow_labeled_in_unlabeled = allow_labeled_in_unlabeled
        self.decode_images = decode_images

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
        model = unwrapped_model(runner)
        if hasattr(model, 'prepare'):
            model.prepare(class_names(runner))

    def _find_problems(self, runner: Runner) -> List[str]:
        """Run the checks; an error inside one is a problem too, so that no rank is left waiting."""
        problems = []
        try:
            checks = self._checks(runner)
            for name in self.checks:
                found = checks[name]()
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
            images=lambda: run_data.check_images(data, self.decode_images))


def data_of(runner: Runner) -> run_data.RunData:
    """The data sets that a run reads; unlabeled images only if it goes on after burn-in.

    Args:
        runner: the runner.
    """
    dataset = runner.train_dataloader.dataset
    burn_in = getattr(unwrapped_model(runner), 'burn_in', 0)
    sources = {name: source for name, source in sources_of(dataset).items()
               if name != 'unlabeled' or burn_in < runner.max_iters}
    return run_data.RunData(
        sources=sources,
        val=None if runner.val_loop is None else runner.val_dataloader.dataset,
        classes=class_names(runner),
        skips_unreadable=getattr(dataset, 'on_unreadable', 'error') == 'skip')
