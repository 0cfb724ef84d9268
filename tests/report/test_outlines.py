"""Outlines, pictures and maps of a page."""

import base64
import io
import re

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from mmssis.report.outlines import LONGEST_SIDE, heat_map, picture, svg_path


def square(top, left, side, shape=(20, 30)):
    mask = np.zeros(shape, bool)
    mask[top:top + side, left:left + side] = True
    return mask


def filled(path, size):
    """The mask that a browser fills."""
    mask = np.zeros(size[::-1], np.uint8)
    for polygon in re.findall(r'M(\S+) (\S+)l([^z]*)z', path):
        steps = np.array(polygon[2].split(), int).reshape(-1, 2)
        points = np.cumsum([np.array(polygon[:2], int), *steps], axis=0)
        drawn = np.zeros_like(mask)
        cv2.fillPoly(drawn, [points.astype(np.int32)], 1)
        mask ^= drawn
    return mask.astype(bool)


@pytest.mark.parametrize('mask', [
    pytest.param(square(5, 5, 8), id='inside'),
    pytest.param(square(0, 0, 9), id='at_the_border'),
    pytest.param(square(2, 2, 16) & ~square(6, 6, 6), id='with_a_hole'),
    pytest.param(square(2, 2, 5) | square(10, 15, 8), id='two_parts'),
])
def test_outline_fills_the_mask(mask):
    size = (150, 100)
    found = filled(svg_path(mask, size), size)
    wanted = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    assert (found & wanted).sum() / (found | wanted).sum() > 0.9


def test_empty_mask_has_no_outline():
    assert svg_path(np.zeros((20, 30), bool), (150, 100)) == ''


def decoded(address):
    return Image.open(io.BytesIO(base64.b64decode(address.partition(',')[2])))


@pytest.mark.parametrize('shape, size', [
    pytest.param((30, 40), (40, 30), id='small_stays'),
    pytest.param((600, 1200), (LONGEST_SIDE, LONGEST_SIDE // 2), id='large_shrinks'),
    pytest.param((1, 2000), (LONGEST_SIDE, 1), id='a_line'),
])
def test_picture(shape, size):
    address, found = picture(np.full((*shape, 3), (250, 20, 20), np.uint8))
    assert found == size and decoded(address).size == size
    red, green, _ = decoded(address).convert('RGB').getpixel((0, 0))
    assert red > 200 and green < 60


def test_map_shows_what_is_high():
    values = torch.zeros(10, 10)
    values[:5] = 1
    pixels = np.asarray(decoded(heat_map(values)))
    assert pixels[0, 0, 3] > 200 and pixels[9, 9, 3] == 0
