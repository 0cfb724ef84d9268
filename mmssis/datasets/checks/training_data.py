"""Checks of the training data; each returns its problems in words, [] where there is none."""

from typing import Mapping, Sequence

from mmcv.transforms import LoadImageFromFile

from mmssis.utils.class_order import class_order_problem

from ..leaf_datasets import leaf_datasets
from ..transforms import LoadImageRobust
from .coco_validation import shorten
from .missing_images import missing_images_remedy
from .set_summary import SetSummary


def check_overlap(first: Sequence[str], second: Sequence[str], names: tuple[str, str],
                  remedy: str) -> list[str]:
    """Find images that are in two sets.

    Args:
        first (Sequence[str]): Resolved image paths of one set.
        second (Sequence[str]): Resolved image paths of the other.
        names (tuple[str, str]): Names of the sets in the message.
        remedy (str): What to do about it.

    Returns:
        list[str]: At most one problem.
    """
    shared = sorted(set(first) & set(second))
    if not shared:
        return []
    return [f'{len(shared)} images are in both {names[0]} and {names[1]}: {shorten(shared)}. '
            f'{remedy}']


def check_repeated(summary: SetSummary, name: str) -> list[str]:
    """Find images that a set has under several names or ids.

    Args:
        summary (SetSummary): What the set holds.
        name (str): Name of the set in the message.

    Returns:
        list[str]: At most one problem, which lists the files.
    """
    if not summary.repeated:
        return []
    return [f'{len(summary.repeated)} images of {name} are files that it has already, under another'
            f' id, name or link: {shorten(summary.repeated)}. Each entry would teach the objects '
            'of the others as background: put all annotations of an image under one id, and take '
            'the other entries out.']


def check_readable(summary: SetSummary, name: str, decode: bool = False) -> list[str]:
    """Find image files that are missing or empty, or cannot be decoded.

    Args:
        summary (SetSummary): What the set holds.
        name (str): Name of the set in the message.
        decode (bool): Whether to decode every image; otherwise only existence and size are looked
            at. Defaults to False.

    Returns:
        list[str]: At most one problem, which lists the files.
    """
    broken = list(summary.broken)
    if decode:
        whole = set(summary.paths) - set(broken)
        broken += [path for path in sorted(whole) if not _can_decode(path)]
    if not broken:
        return []
    return [f'{len(broken)} of {len(summary.paths)} images of {name} are missing or unreadable: '
            f'{shorten(broken)}. {missing_images_remedy(broken, len(summary.paths))}']


def _can_decode(path: str) -> bool:
    """Whether an image can be decoded completely."""
    try:
        LoadImageRobust().transform(dict(img_path=path))
    except OSError:
        return False
    return True


def check_skipping(datasets: Sequence[object]) -> list[str]:
    """Find pipelines whose loader does not tell an unreadable image from a fault in the code.

    Args:
        datasets (Sequence[object]): Data sets whose unreadable images are to be skipped.

    Returns:
        list[str]: At most one problem.
    """
    loaders = {type(step).__name__ for dataset in datasets for leaf in leaf_datasets(dataset)
               for step in leaf.pipeline.transforms
               if isinstance(step, LoadImageFromFile) and not isinstance(step, LoadImageRobust)}
    if not loaders:
        return []
    return [f'on_unreadable="skip" needs LoadImageRobust in the pipelines, found {sorted(loaders)},'
            ' which stops at a damaged image.']


def check_same_classes(expected: Sequence[str], found: Sequence[str], name: str) -> list[str]:
    """Compare the class names of two data sets.

    Args:
        expected (Sequence[str]): Class names of the training set.
        found (Sequence[str]): Class names of the other set.
        name (str): Name of the other set.

    Returns:
        list[str]: At most one problem, with both lists.
    """
    problem = class_order_problem(expected, found, f'the classes of the {name} data')
    return [f'{problem} as in the training data. Give both the same metainfo=dict(classes=...), '
            'in the same order.'] if problem else []


def check_num_classes(classes: Sequence[str], heads: Mapping[str, int]) -> list[str]:
    """Compare the number of class names with that of the model's heads.

    Args:
        classes (Sequence[str]): Class names of the labeled set.
        heads (Mapping[str, int]): Number of classes of each head, by name.

    Returns:
        list[str]: One problem per head that differs.
    """
    return [f'model.{name} has {number} classes, the data has {len(classes)}: {tuple(classes)}. '
            'Set num_classes (num_things_classes, class_weight) to match.'
            for name, number in heads.items() if number != len(classes)]


def check_masks(summary: SetSummary) -> list[str]:
    """Find labeled instances without a mask.

    Args:
        summary (SetSummary): What the labeled set holds. Crowd regions are left out; images that
            are labeled with boxes alone need no masks.

    Returns:
        list[str]: At most one problem.
    """
    if not summary.unmasked:
        return []
    return [f'{len(summary.unmasked)} labeled images have instances without a mask (image ids '
            f'{shorten(summary.unmasked)}). Instance segmentation needs "segmentation" in every '
            'annotation: add it, or remove these annotations. Images with boxes alone are learned '
            'from as data_set.boxes, with a config of box_teacher.']


def check_labeled_categories(labels: Mapping[int, int], classes: Sequence[str]) -> list[str]:
    """Find classes of which no labeled instance exists.

    Args:
        labels (Mapping[int, int]): Number of labeled instances by label.
        classes (Sequence[str]): Class names, in the order of the labels.

    Returns:
        list[str]: At most one problem.
    """
    absent = [name for label, name in enumerate(classes) if not labels.get(label)]
    if not absent:
        return []
    return [f'{len(absent)} of {len(classes)} classes have no labeled instance, so no pseudo label '
            f'of them can arise: {shorten(absent)}. Draw a split in which every category occurs '
            '(mmssis split --every-category), label some, or leave them out of '
            'data_set.classes.']


def check_box_detector(has_boxes: bool, is_box_teacher: bool, num_assigning: int,
                       num_filters: int, reads_unlabeled: bool) -> list[str]:
    """Compare the kinds of labels with the detector and its hooks.

    Args:
        has_boxes (bool): Whether images are labeled with boxes alone.
        is_box_teacher (bool): Whether the detector is a ``BoxTeacher``.
        num_assigning (int): Number of hooks that assign masks to boxes.
        num_filters (int): Number of hooks that filter.
        reads_unlabeled (bool): Whether pseudo labels are made of images without any label.

    Returns:
        list[str]: At most one problem.
    """
    if has_boxes and not is_box_teacher:
        return ['Images are labeled with boxes alone (train_dataloader.dataset.boxes), '
                'which model.type="BoxTeacher" alone learns from. Use it, or give images with '
                'masks as train_dataloader.dataset.labeled.']
    if has_boxes and num_assigning != 1:
        return [f'Images are labeled with boxes alone, but model.pseudo_label_hooks has '
                f'{num_assigning} hooks that give them masks. Put one entry '
                'assign=dict(type="AssignToBoxes") first, or run it with --supervised (BoxInst).']
    if num_assigning and not has_boxes:
        return ['AssignToBoxes in model.pseudo_label_hooks has nothing to do: no image is labeled '
                'with boxes alone. Give train_dataloader.dataset.boxes, or set the hook to None.']
    if num_assigning and reads_unlabeled and not num_filters:
        return ['AssignToBoxes passes the candidates of images without labels unchanged, so every '
                'one would be a pseudo label. Add a filter to model.pseudo_label_hooks, such as '
                'unlabeled_filter=dict(type="DualThresholdFilter", only="unlabeled").']
    return []


def check_filtered(num_filters: int, burn_in: int, max_iters: int) -> list[str]:
    """Refuse training on pseudo labels that nothing filters.

    A supervised config is one whose burn-in lasts to the end; a longer run than its burn-in would
    go on with every candidate as a pseudo label. Hooks that only weigh or correct filter nothing.

    Args:
        num_filters (int): Number of hooks of ``model.pseudo_label_hooks`` that drop candidates.
        burn_in (int): Iterations of ``model.burn_in``.
        max_iters (int): Iterations of the run.

    Returns:
        list[str]: At most one problem.
    """
    if num_filters or burn_in >= max_iters:
        return []
    return ['model.pseudo_label_hooks has no filter, but the run goes on after model.burn_in='
            f'{burn_in} to iteration {max_iters}: every candidate would be a pseudo label. Put a '
            'filter first, for example ddtf=dict(type="DualThresholdFilter"); a hook of your own '
            'that drops candidates says so by filters = True. The length of a supervised run is '
            'set by schedule.max_iters, which moves its burn-in along.']
