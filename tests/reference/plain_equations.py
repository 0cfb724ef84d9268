"""Every function of ``mmssis.ops`` a second time: plain loops over Python floats, no torch.

Written from the papers, to be read beside them. Arguments and results are nested lists of floats
(``tensor.tolist()``), the sums run in double precision. The symbols are the paper's.
"""
import math


def sigmoid(q):
    """1 / (1 + e^-q), without overflow for large -q."""
    return 1 / (1 + math.exp(-q)) if q >= 0 else math.exp(q) / (1 + math.exp(q))


def class_quality(cls_logits):
    """PL-DC Eq. 3, the softmax over the classes and no-object; no-object is then dropped."""
    scores, labels, probs = [], [], []
    for x_k in cls_logits:
        largest = max(x_k)
        denominator = 0.0
        for x in x_k:
            denominator += math.exp(x - largest)
        p_k = [math.exp(x - largest) / denominator for x in x_k]
        p_k = p_k[:-1]
        j = 0
        for i in range(len(p_k)):
            if p_k[i] > p_k[j]:
                j = i
        scores.append(p_k[j])
        labels.append(j)
        probs.append(p_k)
    return scores, labels, probs


def mask_quality(mask_logits):
    """PL-DC Eq. 4."""
    qualities = []
    for q_k in mask_logits:
        numerator, denominator = 0.0, 0
        for row in q_k:
            for q in row:
                indicator = 1 if q > 0 else 0  # sigma(q) > 0.5
                numerator += sigmoid(q) * indicator
                denominator += indicator
        qualities.append(numerator / denominator if denominator else 0.0)
    return qualities


def dual_threshold(class_scores, mask_scores, c_t, m_t):
    """PL-DC Eq. 5."""
    kept = []
    for c, m in zip(class_scores, mask_scores):
        kept.append(c >= c_t and m >= m_t)
    return kept


def coupled_threshold(class_scores, mask_scores, score_thr):
    """PL-DC Section 3.1: one threshold on the instance score s = c m."""
    kept = []
    for c, m in zip(class_scores, mask_scores):
        kept.append(c * m >= score_thr)
    return kept


def fusion_weight(progress):
    """PL-DC Eq. 7, with progress = it_cur / it_max."""
    return 0.25 * (math.cos(progress * math.pi) + 1)


def fuse_class_probs(teacher_probs, clip_probs, w):
    """PL-DC Eq. 8 and 9."""
    labels, fused = [], []
    for p_hat, p_clip in zip(teacher_probs, clip_probs):
        p_f = []
        for i in range(len(p_hat)):
            p_f.append(w * p_clip[i] + (1 - w) * p_hat[i])
        fused.append(p_f)
        labels.append(p_f.index(max(p_f)))
    return labels, fused


def joint_class_probs(teacher_probs, clip_probs):
    """PLePI in the words of PL-DC's section 4.4: the product of both, made to sum to 1."""
    labels, joint = [], []
    for p, q in zip(teacher_probs, clip_probs):
        product = [a * b for a, b in zip(p, q)]
        total = sum(product)
        row = [value / total for value in product] if total > 0 else list(p)
        labels.append(row.index(max(row)))
        joint.append(row)
    return labels, joint


def sigmoid_class_probs(class_logits):
    """Sigmoids divided by their sum."""
    rows = [[sigmoid(x) for x in x_k] for x_k in class_logits]
    return [[s / sum(row) for s in row] for row in rows]


def correction_can_change(teacher_probs, w):
    """Give CLIP every one-hot distribution in turn, and look whether Eq. 9 changes its mind.

    Eq. 8 is linear in CLIP's distribution: if any distribution lifts class j above the teacher's
    class, then so does the one with all its mass on j.
    """
    changeable = []
    for p_hat in teacher_probs:
        before = p_hat.index(max(p_hat))
        changed = False
        for j in range(len(p_hat)):
            one_hot = [1.0 if i == j else 0.0 for i in range(len(p_hat))]
            (after, ), _ = fuse_class_probs([p_hat], [one_hot], w)
            changed = changed or after != before
        changeable.append(changed)
    return changeable


def mask_uncertainty(mask_logits):
    """PL-DC Eq. 10, for maps (N, H, W)."""
    return [[[1 - 2 * abs(sigmoid(q) - 0.5) for q in row] for row in q_k] for q_k in mask_logits]


def weighted_mask_bce(mask_logits, targets, pixel_weights):
    """PL-DC Eq. 11 with 1 - u given as weights, mean over the points, sum over the instances."""
    loss = 0.0
    for q_k, m_k, w_k in zip(mask_logits, targets, pixel_weights):
        total = 0.0
        for q, m, weight in zip(q_k, m_k, w_k):
            log_t = -math.log1p(math.exp(-q)) if q >= 0 else q - math.log1p(math.exp(q))
            log_not_t = log_t - q
            total += weight * (m * log_t + (1 - m) * log_not_t)
        loss -= total / len(q_k)
    return loss


def weighted_mask_dice(mask_logits, targets, pixel_weights, eps):
    """Dice loss per instance, every sum over weighted points."""
    losses = []
    for q_k, m_k, w_k in zip(mask_logits, targets, pixel_weights):
        both, predicted, wanted = 0.0, 0.0, 0.0
        for q, m, weight in zip(q_k, m_k, w_k):
            both += weight * sigmoid(q) * m
            predicted += weight * sigmoid(q)
            wanted += weight * m
        losses.append(1 - (2 * both + eps) / (predicted + wanted + eps))
    return losses


def bilinear(image, x, y, border):
    """Value of an image (h, w) at a position in edge coordinates.

    The centre of pixel (column, row) lies at (column + 0.5, row + 0.5); outside are zeros, or
    with ``border`` the nearest pixel.
    """
    height, width = len(image), len(image[0])
    left, top = math.floor(x - 0.5), math.floor(y - 0.5)
    value = 0.0
    for row in (top, top + 1):
        for column in (left, left + 1):
            weight = (1 - abs(x - 0.5 - column)) * (1 - abs(y - 0.5 - row))
            if border:
                nearest_row = min(max(row, 0), height - 1)
                nearest_column = min(max(column, 0), width - 1)
                value += weight * image[nearest_row][nearest_column]
            elif 0 <= row < height and 0 <= column < width:
                value += weight * image[row][column]
    return value


def sample_points(maps, points, rows, border=False):
    """Bilinear values at points in [0, 1]; row n of points reads map ``rows[n]``."""
    values = []
    for n in range(len(rows)):
        image = maps[rows[n]]
        height, width = len(image), len(image[0])
        own_points = points[n if len(points) > 1 else 0]
        values.append([bilinear(image, x * width, y * height, border) for x, y in own_points])
    return values


def solve_3x3(matrix, right):
    """Cramer's rule."""
    def determinant(m):
        return (m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
                - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
                + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]))

    solution = []
    for column in range(3):
        replaced = [list(row) for row in matrix]
        for row in range(3):
            replaced[row][column] = right[row]
        solution.append(determinant(replaced) / determinant(matrix))
    return solution


def affine_masks(masks, matrix, out_shape):
    """Ask of each output pixel's centre where in the input it comes from, and read there."""
    warped = []
    for mask in masks:
        rows = []
        for row in range(out_shape[0]):
            values = []
            for column in range(out_shape[1]):
                x, y, scale = solve_3x3(matrix, [column + 0.5, row + 0.5, 1.0])
                values.append(bilinear(mask, x / scale, y / scale, border=False))
            rows.append(values)
        warped.append(rows)
    return warped


def connected_parts(mask):
    """8-connected parts of a mask, by flood fill.

    Args:
        mask: rows of bools.

    Returns:
        One set of (x, y) for each part.
    """
    left = {(x, y) for y, row in enumerate(mask) for x, value in enumerate(row) if value}
    parts = []
    while left:
        edge, part = [left.pop()], set()
        while edge:
            x, y = edge.pop()
            part.add((x, y))
            around = {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)} & left
            left -= around
            edge += around
        parts.append(part)
    return parts


def box_of_pixels(pixels):
    """Tight box [x1, y1, x2, y2] of (x, y) pixels, right and bottom exclusive."""
    xs, ys = zip(*pixels)
    return [float(min(xs)), float(min(ys)), float(max(xs) + 1), float(max(ys) + 1)]


def aligning_weights(scores, exponent):
    """PAIS Eq. 5, by repeated multiplication: whole exponents only."""
    weights = []
    for score in scores:
        weight = 1.0
        for _ in range(exponent):
            weight *= score
        weights.append(weight)
    return weights


def sum_by_kind(losses, weights, positive):
    """PAIS Eq. 5: 1 / N_pos sum over positives + 1 / N_neg sum over negatives that weigh."""
    pos = [w * x for x, w, p in zip(losses, weights, positive) if p]
    neg = [w * x for x, w, p in zip(losses, weights, positive) if not p and w > 0]
    return sum(pos) / max(len(pos), 1) + sum(neg) / max(len(neg), 1)


def binary_mask_iou(masks, targets):
    """Intersection over union, pixel by pixel; PAIS section 3.2."""
    ious = []
    for mask, target in zip(masks, targets):
        shared = union = 0
        for row, other in zip(mask, target):
            for a, b in zip(row, other):
                shared += bool(a and b)
                union += bool(a or b)
        ious.append(shared / union if union else 0.0)
    return ious


def boundary_preserving_map(mask_probs, scale, eps, replicate=False):
    """Noisy Boundaries section 3.3: the Laplacian of each mask, pixel by pixel."""
    maps = []
    for mask in mask_probs:
        rows, columns = len(mask), len(mask[0])

        def value(i, j):
            if replicate:
                return mask[min(max(i, 0), rows - 1)][min(max(j, 0), columns - 1)]
            return mask[i][j] if 0 <= i < rows and 0 <= j < columns else 0.0

        strength = [[0.0] * columns for _ in range(rows)]
        for i in range(rows):
            for j in range(columns):
                total = 8 * value(i, j)
                for k in range(i - 1, i + 2):
                    for m in range(j - 1, j + 2):
                        if (k, m) != (i, j):
                            total -= value(k, m)
                strength[i][j] = abs(total)
        mean = sum(map(sum, strength)) / (rows * columns)
        maps.append([[scale * b / (mean + eps) for b in row] for row in strength])
    return maps


def boundary_preserving_map_in_boxes(mask_probs, boxes, scale, eps, replicate=False, size=28):
    """The map above on a RoI around each box; 1 outside of it."""
    maps = []
    for mask, (x1, y1, x2, y2) in zip(mask_probs, boxes):
        weights = [[1.0] * len(mask[0]) for _ in mask]
        (top, bottom), (left, right) = padded(y1, y2, len(mask)), padded(x1, x2, len(mask[0]))
        height, width = bottom - top, right - left
        if x2 > x1 and y2 > y1 and height > 0 and width > 0:
            m, n = min(size, height), min(size, width)
            roi = [[area_mean(mask, top + i * height / m, top + (i + 1) * height / m,
                              left + j * width / n, left + (j + 1) * width / n)
                    for j in range(n)] for i in range(m)]
            roi_map, = boundary_preserving_map([roi], scale, eps, replicate)
            for y in range(top, bottom):
                for x in range(left, right):
                    weights[y][x] = roi_map[int((y + 0.5 - top) * m / height)][
                        int((x + 0.5 - left) * n / width)]
        maps.append(weights)
    return maps


def padded(low, high, length):
    """An interval with a sixteenth, at least 2 cells, on both sides: whole cells of the map."""
    room = max((high - low) / 16, 2)
    return max(math.floor(low - room), 0), min(math.ceil(high + room), length)


def area_mean(mask, y1, y2, x1, x2):
    """Mean of the mask over a rectangle that cuts through its cells."""
    total = 0.0
    for i, row in enumerate(mask):
        for j, p in enumerate(row):
            total += p * max(min(y2, i + 1) - max(y1, i), 0) * max(min(x2, j + 1) - max(x1, j), 0)
    return total / ((y2 - y1) * (x2 - x1))


def match_class_thresholds(scores, labels, num_images, instances_per_image):
    """Noisy Boundaries section 3.1: try every threshold that makes a difference."""
    thresholds = []
    for c, q_c in enumerate(instances_per_image):
        mine = [score for score, label in zip(scores, labels) if label == c]
        best, best_distance = None, None
        for threshold in sorted({0.0, *mine}):
            kept = sum(score > threshold for score in mine)
            distance = abs(kept - q_c * num_images)
            if best is None or distance < best_distance:
                best, best_distance = threshold, distance
        thresholds.append(best)
    return thresholds


def match_pixel_threshold(hist, fraction):
    """Noisy Boundaries section 3.1: try every edge of the histogram."""
    best, best_distance = None, None
    for i in range(len(hist) + 1):
        distance = abs(sum(hist[i:]) / sum(hist) - fraction)
        if best is None or distance < best_distance:
            best, best_distance = i / len(hist), distance
    return best


def mask_aware_scores(class_scores, mask_probs, boxes):
    """BoxTeacher Eq. 1, pixel by pixel."""
    scores = []
    for c, mask, (x1, y1, x2, y2) in zip(class_scores, mask_probs, boxes):
        inside = [m for i, row in enumerate(mask) for j, m in enumerate(row)
                  if m > 0.5 and x1 <= j + 0.5 < x2 and y1 <= i + 0.5 < y2]
        scores.append(math.sqrt(c * sum(inside) / len(inside)) if inside else 0.0)
    return scores


def mean_entropy_scores(mask_probs):
    """BoxTeacher section 5.4, pixel by pixel."""
    return [1 + sum(p * math.log(p) + (1 - p) * math.log(1 - p) for p in sum(mask, []))
            / len(sum(mask, [])) for mask in mask_probs]


def box_iou(a, b):
    """Intersection over union of two xyxy boxes."""
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (areas - width * height)


def assign_masks_to_boxes(pred_boxes, pred_scores, gt_boxes, iou_thr):
    """BoxTeacher Alg. 1."""
    given = [-1] * len(gt_boxes)
    for p in sorted(range(len(pred_boxes)), key=lambda p: -pred_scores[p]):
        best, best_iou = None, iou_thr
        for g, gt_box in enumerate(gt_boxes):
            iou = box_iou(pred_boxes[p], gt_box)
            if given[g] == -1 and iou >= iou_thr and (best is None or iou > best_iou):
                best, best_iou = g, iou
        if best is not None:
            given[best] = p
    return given


def rank_overlap(features, prototypes, k):
    """Weighting Pseudo-Labels section 3.4: shared top-k indices / k."""
    def top(values):
        return set(sorted(range(len(values)), key=lambda d: (-values[d], d))[:k])

    return [len(top(z) & top(p)) / k for z, p in zip(features, prototypes)]


def mask_share_on_region(masks, region):
    """Share of each mask's cells that are cells of the region."""
    shares = []
    for mask in masks:
        area, inside = 0, 0
        for row, region_row in zip(mask, region):
            for cell, on_region in zip(row, region_row):
                area += cell
                inside += cell and on_region
        shares.append(inside / area if area else 0.0)
    return shares


def box_share_in_regions(boxes, regions):
    """Share of each box's area in the region that holds most of it."""
    shares = []
    for x1, y1, x2, y2 in boxes:
        most = 0.0
        for u1, v1, u2, v2 in regions:
            width, height = min(x2, u2) - max(x1, u1), min(y2, v2) - max(y1, v1)
            if width > 0 and height > 0:
                most = max(most, width * height / ((x2 - x1) * (y2 - y1)))
        shares.append(most)
    return shares
