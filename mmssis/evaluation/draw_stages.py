"""One picture per stage of the way from candidates to pseudo labels."""

from typing import Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmdet.visualization import get_palette
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.structures import BoxMaps, pixel_weights_at, resolve_masks, weighs_pixels

TITLE_HEIGHT = 26
INK, PAPER = (30, 30, 30), (255, 255, 255)


def draw_stages(image: np.ndarray,
                stages: Dict[str, InstanceData],
                classes: Sequence[str],
                max_candidates: int = 20,
                img_shape: Optional[Tuple[int, int]] = None,
                panel_width: int = 420) -> np.ndarray:
    """Draw an image, the instances after each stage and the pixel uncertainty side by side.

    Args:
        image: the weak view with its padding, (H, W, 3) RGB, uint8.
        stages: stage to the image's instances after it, in order, ``candidates`` first.
        classes: class names, in label order.
        max_candidates: how many candidates, best class score first, are drawn.
        img_shape: (h, w) of the view without padding; the padding is cut off.
        panel_width: least width of one panel in pixels; smaller images are enlarged.

    Returns:
        The panels in one row, (H', W', 3) RGB, uint8.
    """
    height, width = img_shape or image.shape[:2]
    zoom = max(1.0, panel_width / width)
    panels = [_titled('weak view', _resize(image[:height, :width], zoom))]
    for name, instances in stages.items():
        shown = instances
        title = f'{name}: {len(instances)}'
        if name == 'candidates' and len(instances) > max_candidates:
            shown = instances[instances.class_scores.argsort(descending=True)[:max_candidates]]
            title += f', best {max_candidates} shown'
        panels.append(_titled(title, _draw_instances(image, shown, classes, (height, width), zoom)))
    if weighs_pixels(instances):
        panels.append(_titled('uncertainty (red: 1)', _resize(
            _draw_uncertainty(image, instances)[:height, :width], zoom)))
    return np.concatenate(panels, axis=1)


def _masks_of(instances: InstanceData, shape: Tuple[int, int]) -> np.ndarray:
    """Binary masks at the resolution of the view, (N, H, W); candidates are upsampled."""
    if not len(instances):
        return np.zeros((0, *shape), bool)
    return resolve_masks(instances[:]).masks.cpu().numpy()


def _draw_instances(image: np.ndarray, instances: InstanceData, classes: Sequence[str],
                    img_shape: Tuple[int, int], zoom: float) -> np.ndarray:
    """Masks, outlines, classes and scores on the image; small masks on top of large ones."""
    palette = get_palette('random', len(classes))
    masks = _masks_of(instances, image.shape[:2])[:, :img_shape[0], :img_shape[1]]
    canvas = _resize(image[:img_shape[0], :img_shape[1]], zoom)
    captions: List[Tuple[str, Tuple[int, int], Tuple[int, ...]]] = []
    for i in sorted(range(len(masks)), key=lambda i: -int(masks[i].sum())):
        mask = _resize(masks[i].astype(np.uint8), zoom, cv2.INTER_NEAREST)
        if not mask.any():
            continue
        label = int(instances.labels[i])
        color = tuple(int(value) for value in palette[label])
        inside = mask.astype(bool)
        canvas[inside] = (0.55 * canvas[inside] + 0.45 * np.array(color)).astype(np.uint8)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, outlines, -1, color, 2)
        rows, columns = np.nonzero(mask)
        captions.append((_caption(instances, i, classes), (columns.min(), rows.min()), color))
    for text, corner, color in captions:
        _write(canvas, text, corner, color)
    return canvas


def _caption(instances: InstanceData, i: int, classes: Sequence[str]) -> str:
    """Class, class quality and mask quality; what category correction changed, as old>new."""
    text = classes[int(instances.labels[i])]
    if 'teacher_labels' in instances and instances.teacher_labels[i] != instances.labels[i]:
        text = f'{classes[int(instances.teacher_labels[i])]}>{text}'
    text += f' c{float(instances.class_scores[i]):.2f}'
    if 'mask_scores' in instances:
        text += f' m{float(instances.mask_scores[i]):.2f}'
    return text


def _draw_uncertainty(image: np.ndarray, instances: InstanceData) -> np.ndarray:
    """Heat map of the largest uncertainty of the instances at each pixel, over the image."""
    if not len(instances):
        return image.copy()
    uncertainty = _uncertainty_in_view(instances, image.shape[:2]).amax(0)
    heat = cv2.applyColorMap((uncertainty.cpu().numpy() * 255).astype(np.uint8), cv2.COLORMAP_JET)
    return cv2.addWeighted(image, 0.35, cv2.cvtColor(heat, cv2.COLOR_BGR2RGB), 0.65, 0)


def _uncertainty_in_view(instances: InstanceData, shape: Tuple[int, int]) -> Tensor:
    """Uncertainty of each instance at the pixels of the view, (N, H, W); 0 outside its box."""
    if 'mask_boxes' not in instances:
        return 1 - pixel_weights_at(instances, lambda maps: F.interpolate(
            maps[None].float(), shape, mode='bilinear', align_corners=False)[0])
    uncertainty = 1 - pixel_weights_at(instances, lambda maps: maps)
    in_boxes = BoxMaps(uncertainty, instances.mask_boxes, torch.eye(3))
    view = uncertainty.new_tensor([0, 0, shape[1], shape[0]]).expand(len(instances), -1)
    return in_boxes.crop(view, torch.arange(len(instances), device=view.device), shape)


def _write(canvas: np.ndarray, text: str, corner: Tuple[int, int],
           color: Tuple[int, ...]) -> None:
    """Write text on a box of a colour, kept inside the canvas."""
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)
    left = int(max(0, min(corner[0], canvas.shape[1] - width - 4)))
    top = int(max(0, min(corner[1], canvas.shape[0] - height - base - 4)))
    cv2.rectangle(canvas, (left, top), (left + width + 4, top + height + base + 2), color, -1)
    ink = INK if sum(color) > 380 else PAPER
    cv2.putText(canvas, text, (left + 2, top + height + 1), cv2.FONT_HERSHEY_SIMPLEX, 0.42, ink, 1,
                cv2.LINE_AA)


def _titled(title: str, panel: np.ndarray) -> np.ndarray:
    """Put a title above a panel and a margin around it."""
    header = np.full((TITLE_HEIGHT, panel.shape[1], 3), 255, np.uint8)
    cv2.putText(header, title, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)
    return cv2.copyMakeBorder(np.concatenate([header, panel]), 2, 2, 2, 2, cv2.BORDER_CONSTANT,
                              value=PAPER)


def _resize(image: np.ndarray, zoom: float, how: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Enlarge by a factor; always a copy."""
    size = (round(image.shape[1] * zoom), round(image.shape[0] * zoom))
    return cv2.resize(np.ascontiguousarray(image), size, interpolation=how)
