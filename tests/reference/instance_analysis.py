"""Confusion of masks, Spearman's correlation and RLE-free IoU, a second time as loops."""


def mask_iou(mask, other):
    """IoU of two nested lists of bools."""
    cells = [(a, b) for row, others in zip(mask, other) for a, b in zip(row, others)]
    union = sum(a or b for a, b in cells)
    return sum(a and b for a, b in cells) / union if union else 0.0


def confusion(iou, labels, gt_labels, num_classes, iou_thr):
    """Rows: truth, columns: instances; pairs in descending IoU, each mask in one pair at most."""
    pairs = sorted(((value, i, j) for i, row in enumerate(iou) for j, value in enumerate(row)
                    if value >= iou_thr), reverse=True)
    matched = {}
    for _, i, j in pairs:
        if i not in matched and j not in matched.values():
            matched[i] = j
    table = [[0] * (num_classes + 1) for _ in range(num_classes + 1)]
    for i, label in enumerate(labels):
        table[gt_labels[matched[i]] if i in matched else num_classes][label] += 1
    for j, label in enumerate(gt_labels):
        if j not in matched.values():
            table[label][num_classes] += 1
    return table


def spearman(first, second):
    """Pearson's correlation of ranks; ties have the mean of their ranks."""
    def ranks(values):
        return [sum(other < value for other in values)
                + (sum(other == value for other in values) + 1) / 2 for value in values]

    a, b = ranks(first), ranks(second)
    mean = (len(a) + 1) / 2
    shared = sum((x - mean) * (y - mean) for x, y in zip(a, b))
    spread = (sum((x - mean)**2 for x in a) * sum((y - mean)**2 for y in b))**0.5
    return shared / spread
