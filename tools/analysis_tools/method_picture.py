"""Panels of the README's picture: what the pseudo-label hooks do to a teacher's candidates."""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import matplotlib
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from mmengine.structures import InstanceData

from mmssis.structures import pixel_weights_at, resolve_masks, weighs_pixels

HEADINGS = dict(candidates='candidates', ddtf='DDTF: filter', dicc='DICC: classes',
                pmua='PMUA: uncertainty')
COLORS = ('#3d85ff', '#f28e2b', '#e8384f', '#20c4b4', '#ffe14d', '#a45ee5', '#62d926', '#ff7bc8')
DPI, GAP, TOP, NOTE, BOTTOM = 100, 8, 34, 30, 46


class Row(NamedTuple):
    """What is drawn of one image.

    Attributes:
        view: the weak view, (H, W, 3) RGB, uint8.
        stages: stage to the instances after it, in order, ``candidates`` first.
        truth: instances with ``masks`` (N, H, W) bool and ``labels``.
    """

    view: np.ndarray
    stages: Dict[str, InstanceData]
    truth: InstanceData


class Panel(NamedTuple):
    """One picture, the heading of its column and the line below it."""

    heading: str
    image: np.ndarray
    note: str


def draw_picture(rows: Sequence[Row], classes: Sequence[str], size: int = 230,
                 max_candidates: int = 10) -> Figure:
    """All panels in a grid: headings above, notes below, the colours of the classes in a legend.

    Args:
        rows: the images, all with the same stages.
        classes: class names, in label order.
        size: width of a panel in pixels.
        max_candidates: how many candidates are drawn, best class score first.

    Returns:
        The figure; panels are ``size`` pixels wide at 100 dpi.
    """
    grid = [panels_of(row, classes, size, max_candidates) for row in rows]
    width = len(grid[0]) * (size + GAP) + GAP
    height = TOP + BOTTOM + sum(len(panels[0].image) + NOTE for panels in grid)
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor='white')
    bottom = height - TOP
    for panels in grid:
        bottom -= len(panels[0].image)
        for column, panel in enumerate(panels):
            left = GAP + column * (size + GAP)
            _place(figure, panel.image, left, bottom)
            _write(figure, panel.note, left + size / 2, bottom - NOTE / 2, 12.5)
            if panels is grid[0]:
                _write(figure, panel.heading, left + size / 2, height - TOP / 2, 14.5, 'bold')
        bottom -= NOTE
    handles = [Patch(color=np.array(color) / 255, label=name)
               for name, color in zip(classes, colors_of(classes))]
    figure.legend(handles=handles, loc='lower center', ncols=min(8, len(handles)), fontsize=13.5,
                  frameon=False, handlelength=1.1, columnspacing=1.3, borderaxespad=0.2)
    return figure


def panels_of(row: Row, classes: Sequence[str], size: int, max_candidates: int) -> List[Panel]:
    """The panels of one image, from the weak view to the truth."""
    panels = [Panel('weak view', enlarge(row.view, size), 'no label')]
    before: Optional[InstanceData] = None
    for name, instances in row.stages.items():
        heading = HEADINGS.get(name, name)
        if before is None:
            shown = best(instances, max_candidates, row.view.shape[:2])
            panels.append(Panel(heading, draw_instances(row.view, shown, classes, size, 0.25),
                                f'best {len(shown)} of {len(instances)}'))
        elif weighs_pixels(instances) and not weighs_pixels(before):
            panels.append(Panel(heading, draw_uncertainty(row.view, instances, size),
                                'bright: counts less'))
        else:
            panels.append(Panel(heading, draw_instances(row.view, instances, classes, size),
                                note_of(before, instances, classes)))
        before = instances
    truth = draw_instances(row.view, row.truth, classes, size)
    return [*panels, Panel('truth (not used)', truth, plural(len(row.truth), 'instance'))]


def note_of(before: InstanceData, after: InstanceData, classes: Sequence[str]) -> str:
    """What a pseudo-label hook did to an image's instances."""
    if len(after) != len(before):
        return f'{len(after)} kept'
    changed = [i for i in range(len(after)) if before.labels[i] != after.labels[i]]
    if len(changed) != 1:
        return plural(len(changed), 'class', 'es') + ' corrected'
    old, new = (classes[int(instances.labels[changed[0]])] for instances in (before, after))
    return f'{old} → {new}'


def plural(count: int, word: str, ending: str = 's') -> str:
    """``1 class``, ``2 classes``."""
    return f'{count} {word}{"" if count == 1 else ending}'


def draw_instances(view: np.ndarray, instances: InstanceData, classes: Sequence[str], size: int,
                   fill: float = 0.5) -> np.ndarray:
    """Masks and outlines in the colour of their class, large masks first.

    Args:
        view: (H, W, 3) RGB, uint8.
        instances: candidates, pseudo labels or truth.
        classes: class names, in label order.
        size: width of the result in pixels.
        fill: opacity of the masks.

    Returns:
        (H', size, 3) RGB, uint8. An instance whose class was corrected has a white rim.
    """
    canvas, colors = faded(enlarge(view, size)), colors_of(classes)
    masks, changed = masks_of(instances, view.shape[:2]), corrected(instances)
    for i in sorted(range(len(masks)), key=lambda i: -int(masks[i].sum())):
        inside = enlarge(masks[i].astype(np.float32), size) > 0.5
        color = colors[int(instances.labels[i])]
        canvas[inside] = ((1 - fill) * canvas[inside] + fill * np.array(color)).astype(np.uint8)
        outline, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL,
                                      cv2.CHAIN_APPROX_NONE)
        if changed[i]:
            cv2.drawContours(canvas, outline, -1, (255, 255, 255), 9, cv2.LINE_AA)
        cv2.drawContours(canvas, outline, -1, color, 3, cv2.LINE_AA)
    return canvas


def draw_uncertainty(view: np.ndarray, instances: InstanceData, size: int) -> np.ndarray:
    """The view in grey, and over it the largest uncertainty of the instances at each pixel."""
    grey = 0.6 * grey_of(enlarge(view, size))
    if not len(instances):
        return grey.astype(np.uint8)
    weights = pixel_weights_at(instances, lambda maps: F.interpolate(
        maps[None].float(), grey.shape[:2], mode='bicubic', align_corners=False)[0])
    heat = (1 - weights).amax(0).cpu().numpy().clip(0, 1)
    color = 255 * matplotlib.colormaps['inferno'](0.3 + 0.7 * heat)[..., :3]
    share = heat[..., None] ** 0.6
    return (grey * (1 - share) + color * share).clip(0, 255).astype(np.uint8)


def best(candidates: InstanceData, count: int, shape: Tuple[int, int]) -> InstanceData:
    """The candidates of highest class score among those with a mask."""
    candidates = candidates[torch.from_numpy(masks_of(candidates, shape).any((1, 2)))]
    return candidates[candidates.class_scores.argsort(descending=True)[:count]]


def corrected(instances: InstanceData) -> np.ndarray:
    """Whose class category correction changed, (N,) bool."""
    if 'teacher_labels' not in instances:
        return np.zeros(len(instances), bool)
    return (instances.teacher_labels != instances.labels).cpu().numpy()


def masks_of(instances: InstanceData, shape: Tuple[int, int]) -> np.ndarray:
    """Binary masks at the resolution of the view, (N, H, W); logits are upsampled."""
    if not len(instances):
        return np.zeros((0, *shape), bool)
    resolved = instances if 'masks' in instances else resolve_masks(instances[:])
    return resolved.masks.cpu().numpy()[:, :shape[0], :shape[1]]


def colors_of(classes: Sequence[str]) -> List[Tuple[int, int, int]]:
    """One RGB colour per class."""
    wheel = matplotlib.colormaps['hsv']
    colors = (COLORS if len(classes) <= len(COLORS) else
              [wheel(i / len(classes)) for i in range(len(classes))])
    return [tuple(round(255 * value) for value in matplotlib.colors.to_rgb(color))
            for color in colors[:len(classes)]]


def grey_of(image: np.ndarray) -> np.ndarray:
    """Grey in three channels, float."""
    return image.mean(2, keepdims=True).repeat(3, 2)


def faded(image: np.ndarray) -> np.ndarray:
    """Less colour, so that those of the classes stand out; a copy."""
    return (0.35 * image + 0.65 * grey_of(image)).astype(np.uint8)


def enlarge(image: np.ndarray, size: int) -> np.ndarray:
    """Resize to a width in pixels; always a copy."""
    height = round(image.shape[0] * size / image.shape[1])
    return cv2.resize(np.ascontiguousarray(image), (size, height), interpolation=cv2.INTER_CUBIC)


def _place(figure: Figure, image: np.ndarray, left: float, bottom: float) -> None:
    """Put an image at a pixel of the figure, counted from the lower left."""
    width, height = figure.get_size_inches() * DPI
    axes = figure.add_axes([left / width, bottom / height, image.shape[1] / width,
                            image.shape[0] / height])
    axes.imshow(image, interpolation='none')
    axes.set_axis_off()


def _write(figure: Figure, text: str, x: float, y: float, size: float,
           weight: str = 'normal') -> None:
    """Write text centred at a pixel of the figure, counted from the lower left."""
    width, height = figure.get_size_inches() * DPI
    figure.text(x / width, y / height, text, ha='center', va='center', fontsize=size,
                color='#202020', weight=weight)
