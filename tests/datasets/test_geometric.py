"""What a transform records is what it does to the pixels, to a tenth of a pixel."""

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks

from mmssis.datasets.samplers import seeded_rng
from mmssis.ops import affine_masks

SIZE = (60, 84)


def drawn_ellipse(center=(26.3, 22.8), axes=(13.0, 6.0), angle=0.5, fine=8):
    """A tilted ellipse, (60, 84) in [0, 1]: each pixel holds the share of it that is covered."""
    y, x = (np.indices((SIZE[0] * fine, SIZE[1] * fine)) + 0.5) / fine
    dx, dy = x - center[0], y - center[1]
    along = (dx * np.cos(angle) + dy * np.sin(angle)) / axes[0]
    across = (dy * np.cos(angle) - dx * np.sin(angle)) / axes[1]
    inside = along**2 + across**2 < 1
    return inside.reshape(SIZE[0], fine, SIZE[1], fine).mean((1, 3))


SHAPE = drawn_ellipse()


def sample(num=1):
    """The drawn shape as image, mask and box; with num = 0 the image without annotations.

    The image's last channel is white all over, and black afterwards where nothing is left to see.
    """
    mask = (SHAPE > 0.5)[None].repeat(num, 0)
    rows, columns = np.flatnonzero(SHAPE.any(1)), np.flatnonzero(SHAPE.any(0))
    box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    image = (255 * SHAPE).round().astype(np.uint8)[..., None].repeat(3, -1)
    image[..., 2] = 255
    return dict(
        img=image,
        img_shape=SIZE, ori_shape=SIZE,
        gt_masks=BitmapMasks(mask.astype(np.uint8), *SIZE),
        gt_bboxes=HorizontalBoxes(torch.tensor([box], dtype=torch.float32)[:num]),
        gt_bboxes_labels=np.zeros(num, np.int64), gt_ignore_flags=np.zeros(num, bool))


def fixed(kind, **settings):
    """A transform that always happens, at its largest magnitude and on a black ground."""
    return dict(type=kind, level=10, img_border_value=0, **settings)


def both_signs(kind, **settings):
    return {f'{kind} {sign}': [fixed(kind, reversal_prob=reversal, **settings)]
            for sign, reversal in (('-', 0.0), ('+', 1.0))}


RESIZE = dict(type='Resize', scale=(133, 91), keep_ratio=True)
CROP = dict(type='RandomCrop', crop_size=(50, 70), allow_negative_crop=True)
STRONG = dict(type='RandomChoice', transforms=[
    [dict(type='UniformTranslateX', img_border_value=0)],
    [dict(type='UniformTranslateY', img_border_value=0)],
    [dict(type='EdgeRotate', img_border_value=0)],
    [dict(type='EdgeShearX', img_border_value=0), dict(type='EdgeShearY', img_border_value=0)],
])
TABLE = {
    'Resize larger': [RESIZE],
    'RandomResize ratio': [
        dict(type='RandomResize', scale=(84, 84), ratio_range=(0.6, 1.5), keep_ratio=True)],
    'RandomChoiceResize': [
        dict(type='RandomChoiceResize', scales=[(70, 50), (99, 71)], keep_ratio=True)],
    **both_signs('UniformTranslateX', max_mag=0.1),
    **both_signs('UniformTranslateY', max_mag=0.1),
    **both_signs('EdgeRotate', max_mag=30.0),
    **both_signs('EdgeShearX', max_mag=30.0),
    **both_signs('EdgeShearY', max_mag=30.0),
    'flip, rotate, flip': [dict(type='RandomFlip', prob=1.0), fixed('EdgeRotate', max_mag=20.0),
                           dict(type='RandomFlip', prob=1.0, direction='vertical')],
    'crop, resize, rotate, pad': [CROP, RESIZE, fixed('EdgeRotate', max_mag=25.0),
                                  dict(type='Pad', size=(128, 160))],
    'strong view': [RESIZE, dict(type='RandomFlip', prob=0.5), STRONG],
}
every_transform = pytest.mark.parametrize('pipeline', TABLE.values(), ids=TABLE)


def apply(pipeline, seed, num=1):
    with seeded_rng(seed):
        return Compose(pipeline)(sample(num))


def recorded(results):
    """The homography; Pad, which moves nothing, records none."""
    return results.get('homography_matrix', np.eye(3, dtype=np.float32))


def moved(shape, results):
    """A shape moved by the recorded homography instead of by the transform."""
    return affine_masks(torch.tensor(shape)[None], recorded(results), results['img'].shape[:2])[0]


def centroid(weights):
    rows, columns = np.indices(weights.shape) + 0.5
    return np.array([(weights * columns).sum(), (weights * rows).sum()]) / weights.sum()


def iou(first, second):
    return (first & second).sum() / (first | second).sum()


def seeds(pipeline):
    """Several where something is drawn."""
    drawn = any(name in str(pipeline) for name in ('Random', 'Uniform'))
    return range(3 if drawn else 1)


@every_transform
def test_annotations_move_with_the_pixels_by_the_recorded_homography(pipeline):
    for seed in seeds(pipeline):
        results = apply(pipeline, seed)
        check_pixels(results)
        check_annotations(results)


def check_pixels(results):
    seen = results['img'][..., 2] == 255
    pixels, expected = seen * results['img'][..., 0] / 255, seen * moved(SHAPE, results).numpy()
    assert np.abs(centroid(pixels) - centroid(expected)).max() < 0.1
    # Bilinear at the same places, which OpenCV rounds to 1/32 of a pixel; two in a row blur more.
    assert iou(pixels > 0.5, expected > 0.5) > 0.97
    assert np.abs(pixels - expected).max() < 0.15


def check_annotations(results):
    mask, pixels = results['gt_masks'].masks[0] > 0, results['img'][..., 0] > 127
    assert mask.shape == pixels.shape
    # mmdet resizes masks by neighbours rounded down, half a pixel of the larger image away, and
    # moves them bilinearly as zeros and ones, so that their edge is where rounding puts it.
    slack = 0.5 * max(1.0, *results['scale_factor']) if 'scale_factor' in results else 0.0
    assert iou(mask, pixels) > (0.85 if slack else 0.92)
    assert np.abs(centroid(mask) - centroid(pixels)).max() < 0.25 + slack
    x1, y1, x2, y2 = results['gt_bboxes'].numpy()[0]
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    inside = [columns[0] - x1, rows[0] - y1, x2 - columns[-1] - 1, y2 - rows[-1] - 1]
    assert min(inside) > -1.0


def test_images_without_annotations_are_kept():
    for name, pipeline in TABLE.items():
        results = apply(pipeline, 0, num=0)
        height, width = results['img'].shape[:2]
        assert results['gt_masks'].masks.shape == (0, height, width), name
        assert results['gt_bboxes'].shape == (0, 4), name
        assert np.array_equal(recorded(results), recorded(apply(pipeline, 0))), name


@pytest.mark.parametrize('kind', ['Rotate', 'ShearX', 'ShearY'])
def test_gap_a6_mmdet_s_matrices_are_off_and_ours_are_not(kind):
    theirs, ours = (apply([fixed(name, max_mag=30.0, reversal_prob=1.0)], 0)
                    for name in (kind, f'Edge{kind}'))
    assert np.array_equal(ours['img'], theirs['img'])
    assert np.array_equal(ours['gt_masks'].masks, theirs['gt_masks'].masks)
    there = centroid(ours['img'][..., 0] / 255)
    wrong, right = (np.linalg.norm(there - (recorded(results) @ (*centroid(SHAPE), 1))[:2])
                    for results in (theirs, ours))
    assert wrong > 0.25 and right < 0.03


@pytest.mark.parametrize('axis, entry', [('X', (0, 2)), ('Y', (1, 2))])
def test_gap_a6_shifts_are_drawn_evenly(axis, entry):
    """mmdet rounds the share of the side to one decimal: only 0 and 0.1 are left."""
    shape = (400, 10) if axis == 'Y' else (10, 400)
    shifts = {}
    for name in (f'Translate{axis}', f'UniformTranslate{axis}'):
        transform = Compose([dict(type=name, max_mag=0.1)])
        with seeded_rng(0):
            shifts[name] = np.array([recorded(transform(dict(
                img=np.zeros((*shape, 3), np.uint8), img_shape=shape)))[entry]
                for _ in range(400)])
    assert set(np.abs(shifts[f'Translate{axis}'])) == {0, 40}
    even = shifts[f'UniformTranslate{axis}']
    assert len(set(even)) > 60 and np.abs(even).max() <= 40
    assert np.percentile(even, [25, 50, 75]) == pytest.approx([-20, 0, 20], abs=4)
