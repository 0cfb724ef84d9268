"""K-Net a second time: plain loops over Python floats, no torch.

The steps of Zhang et al., NeurIPS 2021, with the constants of the released COCO recipe. Arguments
and results are nested lists of floats (``tensor.tolist()``).
"""
import math
from itertools import permutations

from .plain_equations import bilinear, sigmoid


def linear(x, weight, bias):
    """Rows of the weight times x."""
    return [sum(w * value for w, value in zip(row, x)) + b for row, b in zip(weight, bias)]


def layer_norm(x, weight, bias, eps=1e-5):
    """Normalise a vector, biased variance."""
    mean = sum(x) / len(x)
    variance = sum((value - mean) ** 2 for value in x) / len(x)
    return [(value - mean) / math.sqrt(variance + eps) * w + b
            for value, w, b in zip(x, weight, bias)]


def gather(mask_logits, features):
    """Sum of the features (C, h, w) over the pixels where a mask (h, w) is above one half."""
    gathered = []
    for channel in features:
        total = 0.0
        for mask_row, row in zip(mask_logits, channel):
            for logit, value in zip(mask_row, row):
                total += value if sigmoid(logit) > 0.5 else 0.0
        gathered.append(total)
    return gathered


def update_kernel(f, k, p):
    """Adaptive kernel update of one kernel; ``p`` maps a layer to its weight and bias."""
    channels = len(k)
    features, kernel = linear(f, *p['dynamic_layer']), linear(k, *p['input_layer'])
    gate = [a * b for a, b in zip(kernel[:channels], features[:channels])]
    g_f = layer_norm(linear(gate, *p['update_gate']), *p['norm_in'])
    g_k = layer_norm(linear(gate, *p['input_gate']), *p['input_norm_in'])
    value_f = layer_norm(features[channels:], *p['norm_out'])
    value_k = layer_norm(kernel[channels:], *p['input_norm_out'])
    mixed = [sigmoid(a) * b + sigmoid(c) * d for a, b, c, d in zip(g_f, value_f, g_k, value_k)]
    return [max(value, 0.0) for value in
            layer_norm(linear(mixed, *p['fc_layer']), *p['fc_norm'])]


def segment(kernel, features):
    """A kernel as a 1 x 1 convolution over features (C, h, w)."""
    height, width = len(features[0]), len(features[0][0])
    return [[sum(k * channel[y][x] for k, channel in zip(kernel, features))
             for x in range(width)] for y in range(height)]


def resize(image, height, width):
    """Bilinear and half-pixel correct; the border continues outside."""
    scale_y, scale_x = len(image) / height, len(image[0]) / width
    return [[bilinear(image, (x + 0.5) * scale_x, (y + 0.5) * scale_y, border=True)
             for x in range(width)] for y in range(height)]


def pixels(mask):
    """The numbers of a mask, row by row."""
    return [value for row in mask for value in row]


def focal_cost(logits, label, alpha=0.25, gamma=2.0):
    """Cost of a class: focal loss as a positive minus focal loss as a negative."""
    p = sigmoid(logits[label])
    positive = -alpha * (1 - p) ** gamma * math.log(p)
    negative = -(1 - alpha) * p ** gamma * math.log(1 - p)
    return positive - negative


def dice_cost(logits, target, eps=1e-3):
    """Minus the dice coefficient with squared sums in the denominator."""
    p, t = [sigmoid(logit) for logit in pixels(logits)], pixels(target)
    common = sum(a * b for a, b in zip(p, t))
    return -2 * common / (sum(a * a for a in p) + eps + sum(b * b for b in t) + eps)


def mask_cost(logits, target):
    """Minus the mean agreement of the pixels."""
    p, t = [sigmoid(logit) for logit in pixels(logits)], pixels(target)
    return -sum(a * b + (1 - a) * (1 - b) for a, b in zip(p, t)) / len(t)


def match(costs):
    """Cheapest one-to-one pairs of kernels and instances, trying all of them."""
    num_kernels, num_instances = len(costs), len(costs[0]) if costs else 0
    best, pairs = math.inf, []
    if num_kernels >= num_instances:
        trials = ([(k, g) for g, k in enumerate(order)]
                  for order in permutations(range(num_kernels), num_instances))
    else:
        trials = ([(k, g) for k, g in enumerate(order)]
                  for order in permutations(range(num_instances), num_kernels))
    for trial in trials:
        total = sum(costs[k][g] for k, g in trial)
        if total < best:
            best, pairs = total, sorted(trial)
    return pairs


def match_stage(cls_logits, mask_logits, labels, masks):
    """Pairs of one image; masks at stride 4, ``cls_logits`` None for the kernel head."""
    costs = []
    for k, logits in enumerate(mask_logits):
        row = []
        for label, mask in zip(labels, masks):
            cost = 4.0 * dice_cost(logits, mask) + 1.0 * mask_cost(logits, mask)
            if cls_logits is not None:
                cost += 2.0 * focal_cost(cls_logits[k], label)
            row.append(cost)
        costs.append(row)
    return match(costs) if labels else []


def bce(logit, target):
    """Binary cross-entropy of a logit."""
    return max(logit, 0.0) - logit * target + math.log(1 + math.exp(-abs(logit)))


def focal_loss(logit, target, alpha=0.25, gamma=2.0):
    """Focal loss of a logit with target 0 or 1."""
    p = sigmoid(logit)
    if target:
        return -alpha * (1 - p) ** gamma * math.log(p)
    return -(1 - alpha) * p ** gamma * math.log(1 - p)


def iou(logits, target):
    """IoU of the mask above one half with the target above one half."""
    both = [(a > 0, b > 0.5) for a, b in zip(pixels(logits), pixels(target))]
    union = sum(a or b for a, b in both)
    return sum(a and b for a, b in both) / union if union else 0.0


def paint(labels, masks, background, height, width):
    """Class of every pixel: instance by instance, the later one on top."""
    painted = [[background] * width for _ in range(height)]
    for label, mask in zip(labels, masks):
        for y in range(height):
            for x in range(width):
                if mask[y][x] > 0:
                    painted[y][x] = label
    return painted


def seg_loss(seg_logits, painted):
    """Focal loss over the pixels of all images, per foreground pixel.

    Args:
        seg_logits: (B, K, h, w).
        painted: (B, h, w), K where there is no instance.
    """
    total, foreground = 0.0, 0
    for logits, labels in zip(seg_logits, painted):
        for y, row in enumerate(labels):
            for x, label in enumerate(row):
                foreground += label < len(logits)
                for k, channel in enumerate(logits):
                    total += focal_loss(channel[y][x], k == label)
    return total / max(foreground, 1)


def mask_losses(pairs):
    """Means over the matched pairs: (logits, target, mask weight, pixel weights)."""
    if not pairs:
        return dict(loss_mask=0.0, loss_dice=0.0)
    mask, dice = 0.0, 0.0
    for logits, target, weight, pixel_weights in pairs:
        values = [w * bce(logit, t) for logit, t, w in
                  zip(pixels(logits), pixels(target), pixels(pixel_weights))]
        mask += weight * sum(values) / len(values)
        dice += weight * (1 + dice_cost(logits, target))
    return dict(loss_mask=mask / len(pairs), loss_dice=4.0 * dice / len(pairs))


def knet_losses(stages, images, seg_logits):
    """All losses of a batch of true labels, on one rank.

    Args:
        stages: of the kernel head and each update head: ``masks`` (B, N, h, w) logits at stride
            4, ``classes`` (B, N, K) logits or None, ``ious`` (B, N) logits or None.
        images: of each image ``labels``, ``masks`` and ``pixel_weights`` at stride 4,
            ``cls_weights``, ``mask_weights`` and ``background_weight``.
        seg_logits: (B, K, h, w) at stride 4.
    """
    losses = {}
    for number, stage in enumerate(stages):
        prefix = 'init.' if number == 0 else f's{number - 1}.'
        before = stages[max(number - 1, 0)]
        masks, ious, classes, matched = [], [], 0.0, 0
        for b, image in enumerate(images):
            before_classes = None if before['classes'] is None else before['classes'][b]
            pairs = match_stage(before_classes, before['masks'][b], image['labels'],
                                image['masks'])
            matched += len(pairs)
            for k, g in pairs:
                masks.append((stage['masks'][b][k], image['masks'][g], image['mask_weights'][g],
                              image['pixel_weights'][g]))
                if stage['ious'] is not None:
                    ious.append(bce(stage['ious'][b][k],
                                    iou(stage['masks'][b][k], image['masks'][g])))
            if stage['classes'] is not None:
                classes += class_loss(stage['classes'][b], dict(pairs), image)
        losses.update({prefix + name: value for name, value in mask_losses(masks).items()})
        if stage['classes'] is not None:
            losses[prefix + 'loss_cls'] = 2.0 * classes / max(matched, 1)
        if stage['ious'] is not None:
            losses[prefix + 'loss_iou'] = sum(ious) / len(ious) if ious else 0.0
    size = len(seg_logits[0][0]), len(seg_logits[0][0][0])
    losses['init.loss_seg'] = seg_loss(seg_logits, [
        paint(image['labels'], image['masks'], len(seg_logits[0]), *size) for image in images])
    return losses


def class_loss(cls_logits, instance_of, image):
    """Sum over kernels and classes of one image, each kernel with the weight of its row."""
    total = 0.0
    for k, logits in enumerate(cls_logits):
        if k in instance_of:
            g = instance_of[k]
            label, weight = image['labels'][g], image['cls_weights'][g]
        else:
            label, weight = None, image['background_weight']
        total += weight * sum(focal_loss(logit, c == label) for c, logit in enumerate(logits))
    return total


def top_pairs(cls_logits, count):
    """The best (score, kernel, class) triples, over all pairs."""
    triples = [(sigmoid(logit), k, c) for k, row in enumerate(cls_logits)
               for c, logit in enumerate(row)]
    return sorted(triples, key=lambda triple: -triple[0])[:count]
