"""MaskFormer's semantic inference and mIoU, a second time: plain loops over nested lists."""

from math import exp


def semantic_scores(cls_logits, mask_logits):
    """sum_q p_q(c) m_q of each class and pixel, at most 1: K x h x w."""
    probs = []
    for row in cls_logits:
        total = sum(exp(value) for value in row)
        probs.append([exp(value) / total for value in row[:-1]])
    height, width = len(mask_logits[0]), len(mask_logits[0][0])
    return [[[min(1.0, sum(p[c] / (1 + exp(-mask[y][x])) for p, mask in zip(probs, mask_logits)))
              for x in range(width)] for y in range(height)] for c in range(len(probs[0]))]


def semantic_map(scores, threshold=0.5, background=255):
    """The first of the best classes of each pixel, h x w."""
    classes = []
    for y in range(len(scores[0])):
        classes.append([])
        for x in range(len(scores[0][0])):
            here = [score[y][x] for score in scores]
            best = max(here)
            classes[-1].append(here.index(best) if best >= threshold else background)
    return classes


def class_ious(predicted, labels, num_classes):
    """IoU of each class over pairs of maps; None for a class that is nowhere."""
    ious = []
    for c in range(num_classes):
        both = either = 0
        for prediction, label in zip(predicted, labels):
            for row, label_row in zip(prediction, label):
                both += sum(p == c and g == c for p, g in zip(row, label_row))
                either += sum(p == c or g == c for p, g in zip(row, label_row))
        ious.append(both / either if either else None)
    return ious
