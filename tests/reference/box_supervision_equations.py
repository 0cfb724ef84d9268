"""BoxInst's losses pixel by pixel: plain loops over nested lists, from the papers' formulas.

``unfolded_pairwise`` alone is torch: the usual way, which lays out all 8 neighbours of every pixel.
"""
import math

import torch.nn.functional as F

OFFSETS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


def dice(p, t):
    """1 - 2 sum(p t) / (sum(p^2) + sum(t^2) + 1e-5)."""
    overlap = areas = 0.0
    for p_i, t_i in zip(p, t):
        overlap += p_i * t_i
        areas += p_i**2 + t_i**2
    return 1 - 2 * overlap / (areas + 1e-5)


def projection_loss(logits, box):
    """Dice of the maxima of every column, plus dice of the maxima of every row, of one mask."""
    m = [[1 / (1 + math.exp(-x)) for x in row] for row in logits]
    columns = dice([max(column) for column in zip(*m)], [max(column) for column in zip(*box)])
    rows = dice([max(row) for row in m], [max(row) for row in box])
    return columns + rows


def lab(red, green, blue):
    """CIE 15 of an sRGB colour in [0, 1], the white being D65."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055)**2.4
               for c in (red, green, blue))
    x = 0.412453 * r + 0.357580 * g + 0.180423 * b
    y = 0.212671 * r + 0.715160 * g + 0.072169 * b
    z = 0.019334 * r + 0.119193 * g + 0.950227 * b
    f_x, f_y, f_z = (t**(1 / 3) if t > (6 / 29)**3 else (29 / 6)**2 * t / 3 + 4 / 29
                     for t in (x / 0.95047, y / 1.0, z / 1.08883))
    return 116 * f_y - 16, 500 * (f_x - f_y), 200 * (f_y - f_z)


def color_similarity(image, stride, dilation, valid=None):
    """``s[k][y][x]`` of one image ``[channel][y][x]``; 0 where there is no valid neighbour k."""
    rows, columns = len(image[0]) // stride, len(image[0][0]) // stride
    colors = [[lab(*(cell_mean(channel, y, x, stride) for channel in image))
               for x in range(columns)] for y in range(rows)]
    s = [[[0.0] * columns for _ in range(rows)] for _ in OFFSETS]
    for k, (dy, dx) in enumerate(OFFSETS):
        for y in range(rows):
            for x in range(columns):
                v, u = y + dilation * dy, x + dilation * dx
                if not (0 <= v < rows and 0 <= u < columns):
                    continue
                if valid is None or valid[v * stride + stride // 2][u * stride + stride // 2]:
                    s[k][y][x] = math.exp(-0.5 * math.dist(colors[y][x], colors[v][u]))
    return s


def cell_mean(channel, y, x, stride):
    """Mean of a cell of stride x stride pixels."""
    total = 0.0
    for v in range(y * stride, (y + 1) * stride):
        for u in range(x * stride, (x + 1) * stride):
            total += channel[v][u]
    return total / stride**2


def pairwise_loss(logits, similarity, box, threshold, dilation):
    """Sum of the terms and number of the pairs of one mask, all 8 directions."""
    rows, columns = len(logits), len(logits[0])
    numerator, denominator = 0.0, 0
    for k, (dy, dx) in enumerate(OFFSETS):
        for y in range(rows):
            for x in range(columns):
                v, u = y + dilation * dy, x + dilation * dx
                if not (0 <= v < rows and 0 <= u < columns):
                    continue
                if similarity[k][y][x] >= threshold and box[y][x]:
                    p_i = 1 / (1 + math.exp(-logits[y][x]))
                    p_j = 1 / (1 + math.exp(-logits[v][u]))
                    numerator -= math.log(p_i * p_j + (1 - p_i) * (1 - p_j))
                    denominator += 1
    return numerator, denominator


def unfolded_pairwise(logits, similarity, box, threshold, dilation):
    """Sum of the terms and number of the pairs of each mask, by unfold and autograd.

    Args:
        logits: (N, H, W).
        similarity: (N, 8, H, W).
        box: (N, H, W).
        threshold: of the similarity.
        dilation: distance of the neighbours.

    Returns:
        Two tensors (N,).
    """
    inside, outside = F.logsigmoid(logits), F.logsigmoid(-logits)
    both = inside[:, None] + neighbours(inside, dilation)
    neither = outside[:, None] + neighbours(outside, dilation)
    terms = -both.logaddexp(neither)
    weights = (similarity >= threshold).to(logits.dtype) * box[:, None]
    return (weights * terms).sum((1, 2, 3)), weights.sum((1, 2, 3))


def neighbours(maps, dilation):
    """(N, 8, H, W) of (N, H, W), 0 outside."""
    unfolded = F.unfold(maps[:, None], 3, dilation=dilation, padding=dilation)
    unfolded = unfolded.view(len(maps), 9, *maps.shape[1:])
    return unfolded[:, [0, 1, 2, 3, 5, 6, 7, 8]]
