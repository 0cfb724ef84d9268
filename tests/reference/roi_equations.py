"""The equations of Mask R-CNN's weighted losses a second time: plain loops, no torch.

Written from PAIS Eq. 5 and what its released code divides by. Arguments and results are nested
lists of floats (``tensor.tolist()``), the sums run in double precision.
"""
import math


def bilinear(grid, x, y, border):
    """Value of a grid at (x, y) in units of cells, cell centres at .5."""
    rows, columns = len(grid), len(grid[0])
    if border:
        x, y = min(max(x, 0.5), columns - 0.5), min(max(y, 0.5), rows - 0.5)
    left, top = math.floor(x - 0.5), math.floor(y - 0.5)
    value = 0.0
    for i in (top, top + 1):
        for j in (left, left + 1):
            if 0 <= i < rows and 0 <= j < columns:
                value += (1 - abs(x - 0.5 - j)) * (1 - abs(y - 0.5 - i)) * grid[i][j]
    return value


def sample_box_maps(maps, boxes, inverse, rois, size, border):
    """Each cell centre of a RoI: student's view, teacher's view, grid of the box."""
    crops = []
    for grid, (bx1, by1, bx2, by2), (x1, y1, x2, y2) in zip(maps, boxes, rois):
        empty = min(bx2 - bx1, by2 - by1, x2 - x1, y2 - y1) <= 0
        crop = []
        for i in range(size):
            row = []
            for j in range(size):
                student = (x1 + (j + 0.5) * (x2 - x1) / size, y1 + (i + 0.5) * (y2 - y1) / size, 1)
                teacher = [sum(m * p for m, p in zip(line, student)) for line in inverse]
                if empty:
                    row.append(0.0)
                    continue
                u = (teacher[0] / teacher[2] - bx1) / (bx2 - bx1) * len(grid[0])
                v = (teacher[1] / teacher[2] - by1) / (by2 - by1) * len(grid)
                row.append(bilinear(grid, u, v, border))
            crop.append(row)
        crops.append(crop)
    return crops


def class_loss(cls_logits, labels, weights):
    """Cross-entropy over classes and background, divided by the sum of the weights, at least 1."""
    total = 0.0
    for x_k, label, weight in zip(cls_logits, labels, weights):
        largest = max(x_k)
        log_sum = largest + math.log(sum(math.exp(x - largest) for x in x_k))
        total += weight * (log_sum - x_k[label])
    return total / max(sum(weights), 1.0)


def box_loss(deltas, targets, weights, num_rois):
    """L1 of the positives' deltas, divided by the number of sampled RoIs."""
    total = 0.0
    for d_k, t_k, weight in zip(deltas, targets, weights):
        total += weight * sum(abs(d - t) for d, t in zip(d_k, t_k))
    return total / num_rois


def mask_loss(mask_logits, targets, mask_weights, pixel_weights):
    """Mean BCE of each RoI times its weight, divided by the number of positives."""
    total = 0.0
    for logits, wanted, s, pixels in zip(mask_logits, targets, mask_weights, pixel_weights):
        cells = [(q, t, w) for rows in zip(logits, wanted, pixels) for q, t, w in zip(*rows)]
        mean = sum(w * (math.log1p(math.exp(-abs(q))) + max(q, 0) - q * t)
                   for q, t, w in cells) / len(cells)
        total += s * mean
    return total / len(mask_logits)


def mask_iou(mask_logits, targets):
    """IoU of (sigmoid >= 0.5) and the target, inside the RoI."""
    ious = []
    for logits, wanted in zip(mask_logits, targets):
        inter = union = 0
        for row, wanted_row in zip(logits, wanted):
            for q, t in zip(row, wanted_row):
                predicted = 1 / (1 + math.exp(-q)) >= 0.5
                inter += predicted and t == 1
                union += predicted or t == 1
        ious.append(inter / union if union else 0.0)
    return ious


def iou_loss(iou_logits, ious, weight):
    """Binary cross-entropy against the IoU, mean over the positives."""
    total = 0.0
    for q, t in zip(iou_logits, ious):
        total += math.log1p(math.exp(-abs(q))) + max(q, 0) - q * t
    return weight * total / len(iou_logits)
