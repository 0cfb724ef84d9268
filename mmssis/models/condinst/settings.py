"""Checks of CondInst's settings and of the labels it gets."""

from numbers import Real

from mmdet.models.losses import DiceLoss
from mmengine.structures import InstanceData
from torch import is_tensor, nn


def check_mask_settings(head: nn.Module) -> None:
    """Refuse settings that the mask head would pass over in silence or fail on later.

    Args:
        head: a ``WeightedCondInstMaskHead`` with its settings as attributes.

    Raises:
        TypeError: if the mask loss is no ``DiceLoss``.
        ValueError: if a setting is out of its range.
    """
    _check_loss(head.loss_mask)
    least = dict(pseudo_mask_weight=0, affinity_weight=0, warm_up=0, num_layers=2)
    for name, lowest in least.items():
        if not getattr(head, name) >= lowest:
            _refuse(head, name, f'give a number >= {lowest}')
    for name in ('affinity_threshold', 'color_threshold'):
        value = getattr(head, name)
        soft = value is None and name == 'affinity_threshold'
        if not soft and not (isinstance(value, Real) and 0 <= value <= 1):
            _refuse(head, name, 'give a number in [0, 1]')
    if not isinstance(head.dilation, int) or head.dilation < 1:
        _refuse(head, 'dilation', 'give a whole number >= 1, 2 in BoxInst')
    if head.topk_masks_per_img != -1 and head.topk_masks_per_img < 1:
        _refuse(head, 'topk_masks_per_img', 'give a number >= 1, or -1 for all')
    if head.max_masks_to_train != -1:
        _refuse(head, 'max_masks_to_train', 'leave it out and set topk_masks_per_img')
    if head.mask_feat_stride % head.mask_out_stride:
        _refuse(head, 'mask_out_stride',
                f'give a divisor of mask_feature_head.mask_stride = {head.mask_feat_stride}')


def check_labels(instances: InstanceData, meta: dict, box_labeled: bool) -> None:
    """Refuse an image that lacks what the losses of its kind read.

    Args:
        instances: of the image, at least one.
        meta: metainfo of the image.
        box_labeled: its kind.

    Raises:
        ValueError: if it has no masks; or if it is labeled by boxes and has no colour similarity,
            or true masks.
    """
    if not box_labeled:
        if 'masks' not in instances:
            raise ValueError("an image without masks is not box_labeled: give its instances "
                             "'masks', or set box_labeled=True in its metainfo to learn from its "
                             'boxes')
        return
    if 'color_similarity' not in meta:
        raise ValueError("an image with box_labeled=True has no 'color_similarity' in its "
                         'metainfo: set it from mmssis.ops.color_similarity, as the detector '
                         'BoxTeacher does')
    if 'masks' in instances and not is_tensor(instances.masks):
        raise ValueError(f'masks of an image with box_labeled=True are '
                         f'{type(instances.masks).__name__}, that is true masks: leave them out, '
                         'or drop box_labeled; pseudo masks are bool tensors')


def _check_loss(loss: nn.Module) -> None:
    if not isinstance(loss, DiceLoss):
        raise TypeError(f'loss_mask of mask_head is a {type(loss).__name__}: its weighted form is '
                        'not implemented, use DiceLoss')
    if not (loss.use_sigmoid and loss.activate) or loss.naive_dice:
        raise ValueError("loss_mask of mask_head must be CondInst's dice of squared sums: set "
                         'use_sigmoid and activate to True and naive_dice to False')


def _refuse(head: nn.Module, name: str, remedy: str) -> None:
    raise ValueError(f'mask_head.{name} = {getattr(head, name)!r}: {remedy}')
