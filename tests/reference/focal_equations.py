"""The softmax focal loss a second time: plain loops, no torch."""
import math


def softmax_focal_loss(cls_logits, labels, gamma):
    """Unbiased Teacher's classification loss of each RoI, -(1 - p)^gamma log p."""
    losses = []
    for row, label in zip(cls_logits, labels):
        largest = max(row)
        total = sum(math.exp(value - largest) for value in row)
        p = math.exp(row[label] - largest) / total
        others = sum(math.exp(value - largest) for i, value in enumerate(row) if i != label)
        losses.append((others / total) ** gamma * -math.log(p))
    return losses
