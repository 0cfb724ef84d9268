"""Views of an image in test-time augmentation, and the way of boxes and masks there and back.

Positions are edge coordinates, as mmdet's boxes: the image spans [0, w] x [0, h], a horizontal
flip is ``x -> w - x``, and a view of another size stretches both axes by their own factor.
Nothing here draws a random number.
"""

from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import mmcv
import numpy as np
import torch
from mmdet.structures import DetDataSample, SampleList
from mmdet.structures.bbox import bbox_mapping, bbox_mapping_back
from torch import Tensor, nn

from .padding import Padding, read_padding

PRESETS = ('none', 'fast', 'paper')
# Noisy Boundaries' released settings for COCO.
COCO_SCALE = (1333, 800)
COCO_PAPER_SCALES = ((667, 400), (833, 500), (1000, 600), (1167, 700), (1333, 800), (1500, 900),
                     (1667, 1000), (1833, 1100), (2000, 1200))
PAPER_RATIOS = tuple(0.5 + 0.125 * i for i in range(9))
# Steps of a test pipeline that leave the pixels to Resize and Pad.
PASSIVE_STEPS = ('LoadImageFromFile', 'LoadImageRobust', 'LoadAnnotations',
                 'LoadPanopticAnnotations', 'LoadScoredAnnotations', 'PackDetInputs',
                 'PackWeightedInputs')


class View(NamedTuple):
    """One way to look at an image.

    Attributes:
        scale: (long, short), the sides that the image is fitted into, as mmdet's ``Resize`` with
            ``keep_ratio=True`` does.
        flip: whether the image is flipped horizontally after that.
        padding: of the result; None leaves it to the model's data preprocessor.
    """

    scale: Tuple[int, int]
    flip: bool = False
    padding: Optional[Padding] = None


def make_views(preset: str, scale: Tuple[int, int],
               padding: Optional[Padding] = None) -> List[View]:
    """Views of a preset.

    Args:
        preset: 'none': the test scale alone, plain inference. 'fast': the test scale and its flip.
            'paper': nine scales and their flips, 18 views, as in Noisy Boundaries' released code
            for COCO's (1333, 800); other scales times 0.5, 0.625, ... 1.5. (The released
            Cityscapes settings reach from 0.61 to 1.39 of the test scale.)
        scale: the test scale of the model's config, see :func:`test_scale`.
        padding: that of the config at this scale, see :func:`test_padding`; views of other scales
            are padded to multiples of 32 as well.

    Returns:
        The views, an image next to its flip.

    Raises:
        ValueError: if the preset is unknown or the scale is not positive.
    """
    if preset not in PRESETS:
        raise ValueError(f'preset = {preset!r}: give one of {PRESETS}')
    long, short = max(scale), min(scale)
    if short < 1:
        raise ValueError(f'scale = {tuple(scale)}: give (long, short) in pixels, both >= 1')
    scales = _paper_scales(long, short) if preset == 'paper' else [(long, short)]
    other = padding and padding.of_other_scale()
    return [View(each, flip, padding if each == (long, short) else other)
            for each in scales for flip in ((False, ) if preset == 'none' else (False, True))]


def _paper_scales(long: int, short: int) -> Sequence[Tuple[int, int]]:
    if (long, short) == COCO_SCALE:
        return COCO_PAPER_SCALES
    return [(max(round(ratio * long), 1), max(round(ratio * short), 1)) for ratio in PAPER_RATIOS]


def test_scale(pipeline: Sequence[dict]) -> Tuple[int, int]:
    """The test scale that a test pipeline stands for.

    Args:
        pipeline: configs of the transforms.

    Returns:
        (long, short) of its ``Resize``.

    Raises:
        ValueError: if there is not exactly one ``Resize``, or it has no scale or does not keep
            the ratio of the sides.
    """
    resizes = [step for step in pipeline if _name(step) == 'Resize']
    if len(resizes) != 1 or 'scale' not in resizes[0]:
        raise ValueError(f'the test pipeline has the steps {[_name(step) for step in pipeline]}: '
                         'give it one Resize with a scale, or give the views yourself')
    if not ('keep_ratio' in resizes[0] and resizes[0]['keep_ratio']):
        raise ValueError('Resize of the test pipeline changes the ratio of the sides: '
                         'set keep_ratio=True')
    return max(resizes[0]['scale']), min(resizes[0]['scale'])


def test_padding(pipeline: Sequence[dict]) -> Optional[Padding]:
    """The padding that a test pipeline stands for.

    Args:
        pipeline: configs of the transforms.

    Returns:
        That of its ``Pad``, None without one.

    Raises:
        ValueError: if there is a step that views do not know how to do, ``Pad`` does not come
            once and after ``Resize``, or one of its arguments is wrong.
    """
    names = [_name(step) for step in pipeline]
    unknown = sorted({*names} - {*PASSIVE_STEPS, 'Resize', 'Pad'})
    if unknown:
        raise ValueError(f'the test pipeline has the steps {unknown}, which views of an image do '
                         f'not know: take them out; Resize, Pad and {", ".join(PASSIVE_STEPS)} '
                         'are known')
    if 'Pad' not in names:
        return None
    place = names.index('Pad')
    if names.count('Pad') > 1 or 'Resize' in names[place:]:
        raise ValueError(f'the test pipeline has the steps {names}: give it one Pad, after Resize')
    return read_padding(pipeline[place])


def _name(step: dict) -> str:
    """Name of a transform, also of one with a scope or given as a class."""
    kind = step['type']
    return (kind if isinstance(kind, str) else kind.__name__).rpartition('.')[2]


# No tests, whatever their names begin with.
test_scale.__test__ = test_padding.__test__ = False


def group_views(views: Sequence[View]) -> List[List[View]]:
    """Views that go through the network together: those of one scale, an image and its flip.

    Args:
        views: in any order.

    Returns:
        The groups, in the order of their first views; all views of one are padded alike.

    Raises:
        ValueError: if there is no view, or one stands there twice and would count twice.
    """
    if not views:
        raise ValueError("no view is given: use make_views('none', scale) for plain inference")
    if len(set(views)) < len(views):
        raise ValueError(f'a view is given twice: {list(views)}. Leave one out.')
    groups: Dict[tuple, List[View]] = {}
    for view in views:
        groups.setdefault((view.scale, view.padding), []).append(view)
    return list(groups.values())


def view_batches(image: np.ndarray, groups: Sequence[Sequence[View]],
                 data_preprocessor: nn.Module) -> Iterator[Tuple[Tensor, SampleList]]:
    """Network inputs of the views of an image, one batch for each group.

    Args:
        image: BGR, uint8, (H, W, 3).
        groups: of :func:`group_views`.
        data_preprocessor: the model's own; it normalises, pads and moves to the device.

    Yields:
        Inputs (B, 3, H', W') and B samples, with the metainfo that mmdet's test pipelines give:
        ``ori_shape``, ``img_shape``, ``scale_factor`` (w, h), ``flip``, ``flip_direction``,
        ``pad_shape``, ``batch_input_shape``. ``img_shape`` is that of the view without padding
        (mmdet's ``Pad`` counts its own in): masks and flips end where the image does.

    Raises:
        TypeError: if the image is not an array of uint8.
        ValueError: if its shape is another.
    """
    check_image(image)
    for group in groups:
        looks = [_look(image, view) for view in group]
        data = data_preprocessor(dict(inputs=[pixels for pixels, _ in looks],
                                      data_samples=[sample for _, sample in looks]), False)
        yield data['inputs'], data['data_samples']


def check_image(image: np.ndarray) -> None:
    """Refuse what is not a BGR image.

    Raises:
        TypeError: if the image is not an array of uint8.
        ValueError: if its shape is not (H, W, 3), or it has no pixel.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f'the image is of {kind}: give a BGR array of uint8, as mmcv.imread does')
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f'the image has the shape {image.shape}: give (H, W, 3) with pixels; '
                         "mmcv.imread(path, flag='color') reads grey images so")


def _look(image: np.ndarray, view: View) -> Tuple[Tensor, DetDataSample]:
    """Pixels (3, H', W') of a view, and its sample."""
    height, width = image.shape[:2]
    # A long, thin image would lose its short side to rounding.
    new_width, new_height = (
        max(side, 1) for side in mmcv.rescale_size((width, height), tuple(view.scale)))
    pixels = mmcv.imresize(image, (new_width, new_height), backend='cv2')
    if view.flip:
        pixels = mmcv.imflip(pixels, 'horizontal')
    if view.padding:
        pixels = view.padding.apply(pixels)
    sample = DetDataSample(metainfo=dict(
        ori_shape=(height, width), img_shape=(new_height, new_width),
        scale_factor=(new_width / width, new_height / height),
        flip=view.flip, flip_direction='horizontal' if view.flip else None))
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))), sample


def to_view(boxes: Tensor, meta: dict) -> Tensor:
    """Boxes of the image in a view.

    Args:
        boxes: (N, 4), xyxy in pixels of the image.
        meta: metainfo of the view.

    Returns:
        (N, 4), xyxy in pixels of the view.
    """
    return bbox_mapping(boxes, meta['img_shape'], meta['scale_factor'] * 2, meta['flip'])


def to_image(boxes: Tensor, meta: dict) -> Tensor:
    """Boxes of a view in the image, the inverse of :func:`to_view`.

    Args:
        boxes: (N, 4 K), xyxy for each of K classes in pixels of the view.
        meta: metainfo of the view.

    Returns:
        (N, 4 K), xyxy in pixels of the image.
    """
    return bbox_mapping_back(boxes, meta['img_shape'], meta['scale_factor'] * 2, meta['flip'])


def unflip(maps: Tensor, flipped: bool) -> Tensor:
    """Maps on the grids of a view's boxes, on the grids of the same boxes in the image.

    Args:
        maps: (..., S, S).
        flipped: whether the view is flipped.
    """
    return maps.flip(-1) if flipped else maps
