"""Checks of CondInst's settings and of the labels it gets."""

from math import inf

from mmdet.models.losses import DiceLoss
from mmengine.structures import InstanceData
from torch import is_tensor, nn

from mmssis.utils.settings import check_range

PSEUDO_MASK_LOSSES = ('dice', 'bce')


def check_mask_settings(head: nn.Module) -> None:
    """Refuse settings that the mask head would pass over in silence or fail on later.

    Args:
        head: a ``WeightedCondInstMaskHead`` with its settings as attributes.

    Raises:
        TypeError: if the mask loss is no ``DiceLoss``.
        ValueError: if a setting is out of its range.
    """
    _check_loss(head.loss_mask)
    for name, low, high, whole in (
            ('pseudo_mask_weight', 0, inf, False), ('affinity_weight', 0, inf, False),
            ('warm_up', 0, inf, False), ('num_layers', 2, inf, True), ('dilation', 1, inf, True),
            ('affinity_threshold', 0, 1, False), ('color_threshold', 0, 1, False)):
        value = getattr(head, name)
        if value is not None or name != 'affinity_threshold':
            check_range(f'mask_head.{name}', value, low, high, whole=whole)
    if head.pseudo_mask_loss not in PSEUDO_MASK_LOSSES:
        raise ValueError(f'mask_head.pseudo_mask_loss = {head.pseudo_mask_loss!r}: use one of '
                         f'{PSEUDO_MASK_LOSSES}')
    if head.topk_masks_per_img != -1:
        check_range('mask_head.topk_masks_per_img', head.topk_masks_per_img, 1)
    if head.max_masks_to_train != -1:
        raise ValueError(f'mask_head.max_masks_to_train = {head.max_masks_to_train}: leave it out '
                         'and set topk_masks_per_img')
    if head.mask_feat_stride % head.mask_out_stride:
        raise ValueError(f'mask_head.mask_out_stride = {head.mask_out_stride}: give a divisor of '
                         f'mask_feature_head.mask_stride = {head.mask_feat_stride}')


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
