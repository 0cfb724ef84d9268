"""Checks before training."""

import traceback
from types import SimpleNamespace
from typing import Callable, Optional, Sequence

from mmdet.models.dense_heads import RPNHead
from mmdet.registry import HOOKS
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmssis.datasets import LabeledPseudoConcatDataset, SemiConcatDataset, checks
from mmssis.datasets.samplers import SemiBatchSampler
from mmssis.models.detectors import BoxTeacher, SemiInstanceSegmentor
from mmssis.models.pseudo_labels import AssignToBoxes

ALL_CHECKS = ('burn_in', 'boxes', 'classes', 'annotation_files', 'masks', 'categories', 'overlap',
              'images')
NO_HEADS = ('teacher', 'pseudo_label_hooks')


@HOOKS.register_module()
class PreflightHook(Hook):
    """Check the data before the first iteration, and prepare the model with the class names.

    Rank 0 checks and tells the others, so all ranks stop together, with all problems in one
    message. Then ``model.prepare(classes)`` runs on every rank.

    Args:
        checks (Sequence[str]): Which checks to run. ``'burn_in'``: the same in model and sampler;
            ``'boxes'``: the detector and its hooks fit images that are labeled with boxes alone;
            ``'classes'``: the same in labeled data, validation data and heads;
            ``'annotation_files'``: valid COCO JSON; ``'masks'``: every labeled or pseudo-labeled
            instance has one, unless boxes are the labels; ``'categories'``: each has a labeled
            instance; ``'overlap'``: no image in two sets; ``'images'``: every file is there.
            Defaults to all of them.
        warn_only (Sequence[str]): Checks that warn instead of stopping the run; small splits may
            lack a category. Defaults to ('categories', ).
        allow_labeled_in_unlabeled (bool): Whether labeled images may be unlabeled ones too; an
            image with masks is never one with boxes alone. Defaults to False.
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
                raise ValueError(f'PreflightHook.{key} names unknown checks {unknown}; '
                                 f'there are {ALL_CHECKS}.')
        self.checks = tuple(checks)
        self.warn_only = tuple(warn_only)
        self.allow_labeled_in_unlabeled = allow_labeled_in_unlabeled
        self.decode_images = decode_images

    def before_train(self, runner: Runner) -> None:
        """Check the data, then prepare the model.

        Args:
            runner (Runner): The runner, with its training data loader.

        Raises:
            ValueError: If a check that stops the run finds a problem; on all ranks.
        """
        outcome = [self._find_problems(runner) if is_main_process() else None]
        broadcast_object_list(outcome)
        if outcome[0]:
            raise ValueError('The data is not ready for training:\n- ' + '\n- '.join(outcome[0]))
        model = _unwrapped(runner)
        if hasattr(model, 'prepare'):
            model.prepare(tuple(runner.train_dataloader.dataset.metainfo['classes']))

    def _find_problems(self, runner: Runner) -> list[str]:
        """Run the checks; an error inside one is a problem too, so that no rank is left waiting."""
        problems = []
        try:
            data = _RunData(runner)
            for name in self.checks:
                found = self._check_of(name)(data)
                if name in self.warn_only:
                    for problem in found:
                        print_log(problem, logger='current', level=30)
                else:
                    problems += found
        except Exception:
            problems.append(f'A check failed itself:\n{traceback.format_exc()}')
        return problems

    def _check_of(self, name: str) -> Callable[['_RunData'], list[str]]:
        """The check of a name."""
        return {
            'burn_in': _check_burn_in,
            'boxes': _check_boxes,
            'classes': _check_classes,
            'annotation_files': _check_annotation_files,
            'masks': _check_masks,
            'categories': _check_categories,
            'overlap': self._check_overlap,
            'images': self._check_images,
        }[name]

    def _check_overlap(self, data: '_RunData') -> list[str]:
        """No image in two sets."""
        paths = {name: checks.image_paths(part) for name, part in data.by_labels().items()}
        problems = checks.check_overlap(
            paths['labeled'], paths['box-labeled'], ('labeled with masks', 'box-labeled'),
            'Take them out of one set.')
        for name in () if self.allow_labeled_in_unlabeled else ('labeled', 'box-labeled'):
            problems += checks.check_overlap(
                paths[name], paths['unlabeled'], (name, 'unlabeled'),
                'Take them out of the unlabeled set, or set '
                'PreflightHook.allow_labeled_in_unlabeled=True.')
        if data.val is not None:
            val = checks.image_paths(data.val)
            for name, found in paths.items():
                problems += checks.check_overlap(
                    found, val, (name, 'validation'),
                    'This is a leak: the result would be worthless. Take them out of one set.')
        return problems

    def _check_images(self, data: '_RunData') -> list[str]:
        """Every file is there; training images may be missing where they are skipped."""
        problems = []
        for name, dataset in data.named_sets():
            found = checks.check_readable(
                [info['img_path'] for info in checks.data_infos(dataset)], name,
                self.decode_images)
            if data.skips_unreadable and name != 'validation':
                for problem in found:
                    print_log(f'{problem} They are skipped.', logger='current', level=30)
            else:
                problems += found
        if data.skips_unreadable:
            problems += checks.check_skipping(
                [dataset for name, dataset in data.named_sets() if name != 'validation'])
        return problems


class _RunData:
    """What the checks read of a runner.

    Args:
        runner (Runner): The runner.
    """

    def __init__(self, runner: Runner) -> None:
        dataset = runner.train_dataloader.dataset
        is_semi = isinstance(dataset, SemiConcatDataset)
        self.model = _unwrapped(runner)
        self.max_iters = runner.max_iters
        self.batch_sampler = runner.train_dataloader.batch_sampler
        self.classes: Sequence[str] = dataset.metainfo['classes']
        self.labeled = dataset.datasets[0] if is_semi else dataset
        reads_unlabeled = is_semi and len(dataset.datasets) == 2 and not (
            isinstance(self.batch_sampler, SemiBatchSampler)
            and self.batch_sampler.burn_in >= runner.max_iters)
        self.unlabeled: Optional[object] = dataset.datasets[1] if reads_unlabeled else None
        self.with_labels = [self.labeled]
        if isinstance(dataset, LabeledPseudoConcatDataset) and reads_unlabeled:
            self.with_labels.append(self.unlabeled)
        self.boxes, _ = checks.split_by_labels([self.labeled, *self._second()])
        self.with_labels += [leaf for leaf in self.boxes.datasets if leaf is not self.labeled]
        self.skips_unreadable = is_semi and dataset.on_unreadable == 'skip'
        self.val = None if runner.val_loop is None else runner.val_dataloader.dataset

    def _second(self) -> list[object]:
        """The second source, where it is read."""
        return [] if self.unlabeled is None else [self.unlabeled]

    def by_labels(self) -> dict[str, object]:
        """The training images with masks, with boxes alone and without labels."""
        _, labeled = checks.split_by_labels([self.labeled])
        _, unlabeled = checks.split_by_labels(self._second())
        return {'labeled': labeled, 'box-labeled': self.boxes, 'unlabeled': unlabeled}

    def named_sets(self) -> list[tuple[str, object]]:
        """The data sets that this run reads, by name."""
        sets = [('labeled', self.labeled), ('unlabeled', self.unlabeled), ('validation', self.val)]
        return [(name, dataset) for name, dataset in sets if dataset is not None]


def _check_burn_in(data: _RunData) -> list[str]:
    """The same burn-in in model and sampler, and a filter for what follows it."""
    if not isinstance(data.batch_sampler, SemiBatchSampler) or not hasattr(data.model, 'burn_in'):
        return []
    problems = checks.check_burn_in(
        data.model.burn_in, data.batch_sampler.burn_in, isinstance(data.model, BoxTeacher))
    if isinstance(data.model, SemiInstanceSegmentor):
        # AssignToBoxes counts: it keeps one candidate per box. _check_boxes says where images
        # without boxes need a filter besides.
        problems += checks.check_filtered(
            sum(_hook_counts(data.model)), data.model.burn_in, data.max_iters)
    return problems


def _hook_counts(model: nn.Module) -> tuple[int, int]:
    """How many hooks of a model assign masks to boxes, and how many drop candidates."""
    hooks = model.pseudo_label_hooks if isinstance(model, SemiInstanceSegmentor) else []
    return (sum(isinstance(hook, AssignToBoxes) for hook in hooks),
            sum(hook.filters for hook in hooks))


def _check_boxes(data: _RunData) -> list[str]:
    """A detector that learns from boxes, and one hook that gives them masks."""
    assigning, filtering = _hook_counts(data.model)
    is_box_teacher = isinstance(data.model, BoxTeacher)
    if is_box_teacher and data.model.burn_in >= data.max_iters:
        return []
    return checks.check_box_detector(
        bool(data.boxes.datasets), is_box_teacher, assigning, filtering,
        bool(data.by_labels()['unlabeled'].datasets))


def _check_categories(data: _RunData) -> list[str]:
    """Every class occurs among the true labels."""
    true_labels = SimpleNamespace(datasets=[data.labeled, data.boxes])
    return checks.check_labeled_categories(true_labels, data.classes)


def _check_classes(data: _RunData) -> list[str]:
    """The same classes in labeled data, validation data and heads."""
    problems = checks.check_num_classes(data.classes, _head_classes(data.model))
    if data.val is not None:
        problems += checks.check_same_classes(data.classes, data.val.metainfo['classes'],
                                              'validation')
    return problems


def _check_annotation_files(data: _RunData) -> list[str]:
    """Valid COCO files with the categories of the config."""
    sets = data.with_labels if data.val is None else [*data.with_labels, data.val]
    return [p for dataset in sets for p in checks.check_annotation_files(dataset, data.classes)]


def _check_masks(data: _RunData) -> list[str]:
    """A mask for every instance that is learned from."""
    return [p for dataset in data.with_labels for p in checks.check_masks(dataset)]


def _head_classes(model: nn.Module) -> dict[str, int]:
    """Number of (thing) classes of each head of a model, by the head's name."""
    heads = {}
    for name, module in model.named_modules():
        if isinstance(module, RPNHead):  # it tells objects from background, whatever their class
            continue
        if name.endswith('head') and name.split('.')[0] not in NO_HEADS and 'backbone' not in name:
            for key in ('num_things_classes', 'num_classes'):
                if isinstance(vars(module).get(key), int):
                    heads[name] = vars(module)[key]
                    break
    return heads


def _unwrapped(runner: Runner) -> nn.Module:
    """The model without its data-parallel wrapper."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
