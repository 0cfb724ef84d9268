"""CondInst's dynamic head and mask losses, pixel by pixel: plain loops, from the papers."""

import math

from .box_supervision_equations import dice


def dynamic_mask(features, center, stride, params, channels=8, size_of_interest=8, mask_stride=8):
    """Mask logits ``[y][x]`` of one point, by three layers of 1 x 1 convolutions.

    Args:
        features: ``[channel][y][x]``.
        center: x and y of the point in pixels.
        stride: of the point's level.
        params: weights of all layers, output by output, then biases of all layers.
        channels: of the first two layers.
        size_of_interest: unit of the relative positions, in strides.
        mask_stride: of the features.
    """
    sizes = [(channels, len(features) + 2), (channels, channels), (1, channels)]
    params = list(params)
    weights = [[[params.pop(0) for _ in range(inputs)] for _ in range(outputs)]
               for outputs, inputs in sizes]
    biases = [[params.pop(0) for _ in range(outputs)] for outputs, _ in sizes]
    assert not params
    logits = []
    for y in range(len(features[0])):
        logits.append([])
        for x in range(len(features[0][0])):
            values = [(center[0] - (x + 0.5) * mask_stride) / (stride * size_of_interest),
                      (center[1] - (y + 0.5) * mask_stride) / (stride * size_of_interest)]
            values += [channel[y][x] for channel in features]
            for depth, (rows, bias) in enumerate(zip(weights, biases)):
                values = [sum(w * v for w, v in zip(row, values)) + b for row, b in zip(rows, bias)]
                if depth < len(weights) - 1:
                    values = [max(value, 0.0) for value in values]
            logits[-1].append(values[0])
    return logits


def weighted_dice(logits, mask, pixel_weights):
    """1 - 2 sum(w p t) / (sum(w p^2) + sum(w t^2) + 1e-5) of one mask."""
    overlap = areas = 0.0
    for x, t, w in zip(sum(logits, []), sum(mask, []), sum(pixel_weights, [])):
        p = 1 / (1 + math.exp(-x))
        overlap += w * p * t
        areas += w * (p**2 + t**2)
    return 1 - 2 * overlap / (areas + 1e-5)


def mask_dice(logits, mask):
    """Dice loss of squared sums of one mask."""
    return dice([1 / (1 + math.exp(-x)) for x in sum(logits, [])], sum(mask, []))


def mask_bce(logits, mask, pixel_weights):
    """Mean over all cells of one mask of the weighted binary cross-entropy."""
    cells = list(zip(sum(logits, []), sum(mask, []), sum(pixel_weights, [])))
    return sum(w * (math.log(1 + math.exp(x)) - t * x) for x, t, w in cells) / len(cells)


def box_mask(box, rows, columns, stride):
    """1 where the centre of a cell lies inside of the box, 0 elsewhere."""
    x1, y1, x2, y2 = box
    return [[float(x1 <= (x + 0.5) * stride < x2 and y1 <= (y + 0.5) * stride < y2)
             for x in range(columns)] for y in range(rows)]


def best_points(owners, quality, most):
    """Points that learn masks: of each instance the best, as many as its share of ``most``."""
    instances = sorted(set(owners))
    share = max(most // max(len(instances), 1), 1)
    chosen = []
    for instance in instances:
        mine = [i for i, owner in enumerate(owners) if owner == instance]
        chosen += sorted(mine, key=lambda i: -quality[i])[:share]
    return chosen
