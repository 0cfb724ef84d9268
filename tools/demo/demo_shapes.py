"""Synthetic images of look-alike shapes: the data of the laptop-sized demo.

The categories come in pairs that share an outline (disc and ringed disc, square and striped
square, star and crossed star, triangle and dotted triangle) and one of each pair is rare. A
handful of images is then enough to learn masks, but not to learn the categories.
"""

from dataclasses import dataclass
from typing import Callable

import cv2
import numpy as np

# The common member of each pair first: `category_frequencies` falls with the position.
SHAPE_CLASSES = ('disc', 'square', 'star', 'triangle', 'ringed disc', 'striped square',
                 'crossed star', 'dotted triangle')
COLOURS = {
    'red': (40, 50, 200), 'orange': (40, 130, 230), 'yellow': (60, 215, 225),
    'green': (60, 165, 70), 'blue': (195, 95, 45), 'purple': (160, 60, 130),
    'grey': (135, 135, 135), 'white': (225, 225, 225)}
TEXTURES = ('plain', 'mottled', 'speckled')


@dataclass(frozen=True)
class ShapeInstance:
    """One drawn object.

    Args:
        category (int): Index into `SHAPE_CLASSES`.
        colour (str): Key of `COLOURS`.
        texture (str): One of `TEXTURES`.
        mask (np.ndarray): (H, W) bool, the visible part.
    """

    category: int
    colour: str
    texture: str
    mask: np.ndarray

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Tight box (x1, y1, x2, y2) of the mask in pixels, right and bottom exclusive."""
        columns, rows = np.flatnonzero(self.mask.any(0)), np.flatnonzero(self.mask.any(1))
        return (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


@dataclass(frozen=True)
class Scene:
    """An image and its objects: image (H, W, 3) uint8 BGR, instances in drawing order."""

    image: np.ndarray
    instances: list[ShapeInstance]


def category_frequencies(tail_exponent: float) -> np.ndarray:
    """Long-tailed probabilities (K,) of the categories, `1 / rank ** tail_exponent`.

    Args:
        tail_exponent (float): >= 0; 0 gives equal frequencies.

    Raises:
        ValueError: If the exponent is negative.
    """
    if tail_exponent < 0:
        raise ValueError(f'tail_exponent={tail_exponent} must be >= 0 (0: equal frequencies)')
    weights = np.arange(1, len(SHAPE_CLASSES) + 1, dtype=np.float64) ** -tail_exponent
    return weights / weights.sum()


def render_scene(rng: np.random.Generator, image_size: int,
                 frequencies: np.ndarray, min_visible: float = 0.6) -> Scene:
    """Draw one image: textured clutter, overlapping shapes, uneven light, blur and noise.

    Args:
        rng (np.random.Generator): Source of every decision; the same state, the same image.
        image_size (int): Side of the square image in pixels, >= 48.
        frequencies (np.ndarray): (K,) probabilities of the categories.
        min_visible (float): A shape of which less than this share would be visible, or would
            stay visible of an earlier one, is not drawn. In [0, 1].

    Raises:
        ValueError: If the image is too small to tell the shapes apart.
    """
    if image_size < 48:
        raise ValueError(f'image_size={image_size} is too small to tell the shapes apart: '
                         'use 48 or more')
    canvas = _clutter(rng, image_size)
    owner = np.full((image_size, image_size), -1, np.int32)
    drawn: list[tuple[int, str, str]] = []
    full_areas: list[int] = []
    for _ in range(int(rng.integers(2, 6))):
        category = int(rng.choice(len(SHAPE_CLASSES), p=frequencies))
        mask, marks = _outline_and_marks(rng, category, image_size)
        area = int(np.count_nonzero(mask))
        left = np.bincount(owner[~mask & (owner >= 0)], minlength=len(drawn))
        if any(seen < min_visible * full for seen, full in zip(left, full_areas)):
            continue
        colour, texture = str(rng.choice(list(COLOURS))), str(rng.choice(TEXTURES))
        surface = _surface(rng, COLOURS[colour], texture, marks)
        _blend(canvas, surface, mask, softness=float(rng.uniform(0.4, 1.1)))
        owner[mask] = len(drawn)
        drawn.append((category, colour, texture))
        full_areas.append(area)
    image = _camera(rng, canvas)
    instances = [ShapeInstance(*attributes, owner == i) for i, attributes in enumerate(drawn)]
    return Scene(image, instances)


def _polygon(points: np.ndarray, image_size: int) -> np.ndarray:
    """Fill a polygon, points (n, 2) in pixels; (H, W) bool."""
    mask = np.zeros((image_size, image_size), np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 1, shift=4)
    return mask.astype(bool)


def _circle(num_points: int, radius: float = 1.0, phase: float = 0.0) -> np.ndarray:
    angles = phase + np.arange(num_points) * 2 * np.pi / num_points
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _star(num_spikes: int, inner: float) -> np.ndarray:
    points = np.empty((2 * num_spikes, 2))
    points[0::2] = _circle(num_spikes)
    points[1::2] = _circle(num_spikes, inner, np.pi / num_spikes)
    return points


_OUTLINES: dict[str, Callable[[], np.ndarray]] = {
    'disc': lambda: _circle(48),
    'square': lambda: 1.2 * _circle(4, phase=np.pi / 4),
    'star': lambda: 1.2 * _star(5, 0.5),
    'triangle': lambda: 1.25 * _circle(3),
}


def _bar(x: float, y: float, half_width: float, half_height: float) -> np.ndarray:
    """Corners (4, 2) of an upright rectangle around (x, y)."""
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return np.array([x, y]) + signs * [half_width, half_height]


def _ring(outer: float, inner: float) -> np.ndarray:
    """Polygon of the area between two circles: around one, back around the other."""
    around = np.append(np.arange(32), 0)
    return np.concatenate([_circle(32, outer)[around], _circle(32, inner)[around[::-1]]])


_MARKS: dict[str, Callable[[], list[np.ndarray]]] = {
    'ringed disc': lambda: [_ring(0.75, 0.4)],
    'striped square': lambda: [_bar(x, 0, 0.13, 0.85) for x in (-0.5, 0, 0.5)],
    'crossed star': lambda: [_bar(0, 0, 0.14, 0.6), _bar(0, 0, 0.6, 0.14)],
    'dotted triangle': lambda: [_circle(16, 0.45)],
}


def _outline_and_marks(rng: np.random.Generator, category: int,
                       image_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Place a shape: its mask (H, W) bool and the marks on it (H, W) float in [0, 1]."""
    name = SHAPE_CLASSES[category]
    radius = image_size * rng.uniform(0.15, 0.26)
    angle = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    squeeze = np.diag([1.0, rng.uniform(0.85, 1.0)])
    transform = radius * rotation @ squeeze
    centre = rng.uniform(0.4 * radius, image_size - 0.4 * radius, 2)

    def place(points: np.ndarray) -> np.ndarray:
        """Fill a polygon of unit size where the shape is."""
        return _polygon(points @ transform.T + centre, image_size)

    mask = place(_OUTLINES[name.split()[-1]]())
    marks = np.zeros(mask.shape, np.float32)
    for mark in _MARKS[name]() if name in _MARKS else ():
        marks[place(mark)] = 1
    # A stray scratch on any shape: a mark alone must not give the category away.
    if rng.random() < 0.3:
        ends = (rng.uniform(-0.8, 0.8, (2, 2)) @ transform.T + centre).astype(int)
        cv2.line(marks, tuple(ends[0].tolist()), tuple(ends[1].tolist()), 1.0,
                 max(1, image_size // 96))
    return mask, marks


def _smooth_noise(rng: np.random.Generator, image_size: int, cells: int,
                  channels: int) -> np.ndarray:
    """Noise of one scale: (H, W, channels) in about [-1, 1]."""
    coarse = rng.uniform(-1, 1, (cells, cells, channels)).astype(np.float32)
    fine = cv2.resize(coarse, (image_size, image_size), interpolation=cv2.INTER_CUBIC)
    return fine.reshape(image_size, image_size, channels)


def _surface(rng: np.random.Generator, colour: tuple[int, int, int], texture: str,
             marks: np.ndarray) -> np.ndarray:
    """Colour of a textured object everywhere on the canvas, (H, W, 3) float BGR."""
    image_size = len(marks)
    surface = np.asarray(colour, np.float32) + rng.normal(0, 14, 3).astype(np.float32)
    surface = surface + 10 * _smooth_noise(rng, image_size, 6, 1)
    if texture == 'mottled':
        surface = surface + rng.uniform(8, 20) * _smooth_noise(rng, image_size, image_size // 10,
                                                               1)
    elif texture == 'speckled':
        surface = surface + rng.uniform(8, 20) * _smooth_noise(rng, image_size, image_size // 4,
                                                               1)
    contrast = rng.uniform(80, 120) * (1 if surface.mean() < 128 else -1)
    return surface + contrast * marks[..., None]


def _blend(canvas: np.ndarray, surface: np.ndarray, mask: np.ndarray, softness: float) -> None:
    """Paint `surface` on `canvas` in place where `mask` is, with a soft edge."""
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), softness)[..., None]
    canvas += alpha * (surface - canvas)


def _clutter(rng: np.random.Generator, image_size: int) -> np.ndarray:
    """Background: smooth colours and irregular textured blobs that are no object."""
    canvas = np.full((image_size, image_size, 3), rng.uniform(60, 190, 3), np.float32)
    canvas += 30 * _smooth_noise(rng, image_size, 5, 3)
    canvas += 14 * _smooth_noise(rng, image_size, image_size // 5, 1)
    no_marks = np.zeros((image_size, image_size), np.float32)
    for _ in range(int(rng.integers(2, 6))):
        radii = image_size * rng.uniform(0.05, 0.22) * rng.uniform(0.35, 1.0, (7, 1))
        blob = _polygon(_circle(7) * radii + rng.uniform(0, image_size, 2), image_size)
        colour = COLOURS[str(rng.choice(list(COLOURS)))]
        surface = _surface(rng, colour, str(rng.choice(TEXTURES)), no_marks)
        _blend(canvas, 0.4 * surface + 0.6 * canvas, blob, softness=float(rng.uniform(0.8, 2.5)))
    return canvas


def _camera(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Uneven light, blur and sensor noise; uint8."""
    image_size = len(canvas)
    canvas = canvas * (1 + 0.25 * _smooth_noise(rng, image_size, 2, 1))
    canvas = cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.2, 0.9)))
    canvas = canvas + rng.normal(0, rng.uniform(2, 9), canvas.shape).astype(np.float32)
    return np.clip(canvas, 0, 255).astype(np.uint8)
