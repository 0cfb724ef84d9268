"""Crops: where they look, and that they see every pixel of it."""

import pytest
import torch

from mmssis.models.clip.crops import RegionCropper, owner_images

INPUT = (64, 96)
GREY = torch.full((3, ), 0.5)


@pytest.mark.parametrize('settings, box, img_shape, expected', [
    pytest.param({}, (10, 20, 30, 40), INPUT, (10, 20, 30, 40), id='tight'),
    pytest.param(dict(context=1.5), (10, 20, 30, 40), INPUT, (5, 15, 35, 45), id='context'),
    pytest.param(dict(context=2), (20, 20, 40, 40), (42, 42), (10, 10, 42, 42), id='no-padding'),
    pytest.param({}, (10, 20, 30, 24), INPUT, (10, 12, 30, 32), id='square'),
    pytest.param(dict(square=False), (10, 20, 30, 24), INPUT, (10, 18, 30, 26), id='squeezed'),
    pytest.param({}, (50, 30, 51, 31), INPUT, (46.5, 26.5, 54.5, 34.5), id='one-pixel'),
    pytest.param({}, (95, 63, 96, 64), INPUT, (88, 56, 96, 64), id='one-pixel-last-corner'),
    pytest.param(dict(square=False), (50, 50, 60, 60), (30, 40), (32, 22, 40, 30),
                 id='wholly-in-padding'),
    pytest.param(dict(square=False), (0, 0, 4, 4), (4, 6), (0, 0, 6, 4), id='image-below-min-size'),
])
def test_boxes(regions, settings, box, img_shape, expected):
    """Boxes lie inside the image and are never empty."""
    found = RegionCropper(**settings).boxes(regions(box, shape=INPUT, img_shape=img_shape), INPUT)
    torch.testing.assert_close(found, torch.tensor([expected], dtype=torch.float32))


def test_largest_part_ignores_stray_pixels(regions):
    """The tight box spans the stray pixel, the crop does not; an empty mask keeps its box."""
    found = regions((10, 20, 96, 64), (40, 40, 48, 50))
    found.masks[0] = False
    found.masks[0, 20:40, 10:30] = True
    found.masks[0, 63, 95] = True
    found.masks[1] = False
    boxes = RegionCropper(largest_part=True, square=False).boxes(found, INPUT)
    assert boxes.tolist() == [[10, 20, 30, 40], [40, 40, 48, 50]]


def test_crop_of_the_resolution_is_the_image(regions):
    """Half-pixel correct: a crop of the size of its box copies the pixels."""
    images = torch.rand(1, 3, *INPUT)
    crop, = RegionCropper().batches(images, [regions((10, 20, 42, 52))], (32, 32), GREY)
    torch.testing.assert_close(crop[0], images[0, :, 20:52, 10:42])


def test_large_boxes_are_averaged_not_sampled(regions):
    """Stripes of one pixel become grey when they shrink; sampling would alias them."""
    images = torch.zeros(1, 3, *INPUT)
    images[..., ::2] = 1
    crop, = RegionCropper().batches(images, [regions((0, 0, 96, 64))], (8, 8), GREY)
    torch.testing.assert_close(crop, torch.full_like(crop, 0.5), atol=0.05, rtol=0)


def test_mask_out_fills_the_surroundings(regions):
    """Outside the mask there is only the fill colour; inside the image."""
    found = regions((8, 8, 40, 40))
    found.masks[0, 8:40, 24:40] = False
    images = torch.rand(1, 3, *INPUT)
    fill = torch.tensor([0.1, 0.2, 0.3])
    crop, = RegionCropper(mask_out=True).batches(images, [found], (32, 32), fill)
    torch.testing.assert_close(crop[0, :, :, :16], images[0, :, 8:40, 8:24])
    torch.testing.assert_close(crop[0, :, :, 16:], fill.view(3, 1, 1).expand(3, 32, 16))


def test_batches_keep_the_order_over_images(regions):
    """Chunks of 2 over three images, one of them empty, equal one chunk."""
    images = torch.rand(3, 3, *INPUT)
    found = [regions((0, 0, 20, 20), (5, 6, 50, 60)), regions(), regions((3, 3, 9, 9))]
    whole, = RegionCropper(mask_out=True).batches(images, found, (16, 16), GREY)
    parts = list(RegionCropper(mask_out=True, batch_size=2).batches(
        images, found, (16, 16), GREY))
    assert [len(part) for part in parts] == [2, 1]
    torch.testing.assert_close(torch.cat(parts), whole)
    assert owner_images(found, images.device).tolist() == [0, 0, 2]


def test_refused_settings():
    """The message names the setting."""
    for settings in [
            dict(context=0.9),
            dict(context=float('nan')),
            dict(min_size=0),
            dict(batch_size=0),
    ]:
        with pytest.raises(ValueError, match=next(iter(settings))):
            RegionCropper(**settings)
