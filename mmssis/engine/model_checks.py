"""Checks of the model and the loop of a run; each returns its problems in words."""

from typing import Collection, Dict, List

from mmdet.models.dense_heads import RPNHead
from torch import nn

from mmssis.datasets.checks import training_data
from mmssis.models.detectors import BoxTeacher, SemiInstanceSegmentor
from mmssis.models.pseudo_labels import AssignToBoxes

NO_HEADS = ('teacher', 'pseudo_label_hooks')


def check_train_loop(model: nn.Module, train_loop: object) -> List[str]:
    """A loop that sets the clock of a semi-supervised model.

    Args:
        model: the model of the run.
        train_loop: its training loop.
    """
    if not isinstance(model, SemiInstanceSegmentor) or getattr(train_loop, 'sets_clock', False):
        return []
    return [f'train_cfg.type = {type(train_loop).__name__} does not call model.set_clock before '
            'every iteration, so burn-in would never end: set train_cfg.type="SemiTrainLoop". A '
            'loop of your own that does says so by sets_clock = True.']


def check_pseudo_labels(model: nn.Module, max_iters: int, sources: Collection[str]) -> List[str]:
    """Images to make pseudo labels of, and a filter for them.

    Args:
        model: the model of the run.
        max_iters: iterations of the run.
        sources: names of the sources of the training data.
    """
    if not isinstance(model, SemiInstanceSegmentor) or model.is_supervised(max_iters):
        return []
    problems = []
    if not {'boxes', 'unlabeled'} & set(sources):
        burn_in = 'auto' if model.ends_burn_in_itself else model.burn_in
        problems.append(
            f'The run goes on after model.burn_in={burn_in} to iteration {max_iters}, but '
            f'train_dataloader.dataset has only {list(sources)}: give it unlabeled images, or '
            'train with --supervised.')
    # AssignToBoxes counts: it keeps one candidate per box. check_boxes says where images without
    # boxes need a filter besides.
    num_filters = _num_assigning(model) + _num_filters(model)
    return problems + training_data.check_filtered(num_filters, model.burn_in, max_iters)


def check_boxes(model: nn.Module, max_iters: int, sources: Collection[str]) -> List[str]:
    """A detector that learns from boxes, and one pseudo-label hook that gives them masks.

    Args:
        model: the model of the run.
        max_iters: iterations of the run.
        sources: names of the sources of the training data.
    """
    is_box_teacher = isinstance(model, BoxTeacher)
    if is_box_teacher and model.is_supervised(max_iters):
        return []
    return training_data.check_box_detector(
        'boxes' in sources, is_box_teacher, _num_assigning(model), _num_filters(model),
        'unlabeled' in sources)


def head_classes(model: nn.Module) -> Dict[str, int]:
    """Number of (thing) classes of each head of a model, by the head's name.

    Args:
        model: the model of the run.
    """
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


def object_limit(model: nn.Module) -> Dict[str, int]:
    """The most objects of an image that a model can find, by the key of the config.

    Args:
        model: the model of the run.

    Returns:
        Queries or kernels, and instances in the predictions; whatever the model has of these.
    """
    is_semi = isinstance(model, SemiInstanceSegmentor)
    detector = model.student if is_semi else model
    limit = {'num_queries': vars(module)[key] for module in detector.modules()
             for key in ('num_queries', 'num_kernels') if isinstance(vars(module).get(key), int)}
    place = 'model.detector.test_cfg' if is_semi else 'model.test_cfg'
    settings = vars(detector).get('test_cfg') or {}
    if 'rcnn' in settings:
        place, settings = f'{place}.rcnn', settings['rcnn'] or {}
    limit.update({f'{place}.{key}': settings[key] for key in ('max_per_image', 'max_per_img')
                  if key in settings})
    return limit


def _hooks(model: nn.Module) -> List[nn.Module]:
    """The pseudo-label hooks of a model; a plain detector has none."""
    is_semi = isinstance(model, SemiInstanceSegmentor)
    return list(model.pseudo_label_hooks.values()) if is_semi else []


def _num_assigning(model: nn.Module) -> int:
    """How many pseudo-label hooks assign masks to boxes."""
    return sum(isinstance(hook, AssignToBoxes) for hook in _hooks(model))


def _num_filters(model: nn.Module) -> int:
    """How many pseudo-label hooks drop candidates."""
    return sum(hook.filters for hook in _hooks(model))
