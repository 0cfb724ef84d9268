"""TIDE's kinds of errors and their cost, a second time, prediction by prediction."""


def costs(images, num_classes, iou_thr):
    """AP, and by how much it grows when each kind of error is fixed.

    Args:
        images: (iou, labels, gt_labels, scores) of each, as lists.
    """
    points, objects, missed = [], [0] * num_classes, [0] * num_classes
    for iou, labels, gt_labels, scores in images:
        taken, wrong, claimed = {}, [], {}
        for i in sorted(range(len(labels)), key=lambda i: -scores[i]):
            own = [(iou[i][j], -j) for j in range(len(gt_labels)) if gt_labels[j] == labels[i]]
            free = [pair for pair in own if -pair[1] not in taken and pair[0] >= iou_thr]
            if free:
                taken[-max(free)[1]] = i
                points.append((scores[i], labels[i], 'correct', None))
            else:
                others = [(iou[i][j], -j) for j in range(len(gt_labels))
                          if gt_labels[j] != labels[i]]
                wrong.append((i, max(own, default=(0, 0)), max(others, default=(0, 0))))
        for i, own, other in wrong:
            if 0.1 <= own[0] < iou_thr:
                kind, about = 'mask', -own[1]
            elif other[0] >= iou_thr:
                kind, about = 'class', -other[1]
            elif own[0] >= iou_thr:
                kind, about = 'duplicate', None
            else:
                kind = 'background' if max(own[0], other[0]) <= 0.1 else 'both'
                about = None
            becomes = None
            if about is not None and about not in taken and about not in claimed:
                claimed[about], becomes = i, gt_labels[about]
            points.append((scores[i], labels[i], kind, becomes))
        for j, label in enumerate(gt_labels):
            objects[label] += 1
            missed[label] += j not in taken and j not in claimed
    ap = mean([(score, label, kind == 'correct') for score, label, kind, _ in points], objects)
    found = {'missed': mean([(score, label, kind == 'correct') for score, label, kind, _ in points],
                            objects, missed) - ap}
    for fixed in ('class', 'mask', 'both', 'duplicate', 'background'):
        rows = []
        for score, label, kind, becomes in points:
            if kind != fixed:
                rows.append((score, label, kind == 'correct'))
            elif becomes is not None:
                rows.append((score, becomes, True))
        found[fixed] = mean(rows, objects) - ap
    return ap, {kind: max(cost, 0) for kind, cost in found.items()}


def mean(rows, objects, missed=None):
    """Mean AP of the classes that have objects."""
    values = [average([(score, right) for score, label, right in rows if label == k],
                      objects[k] - (missed[k] if missed else 0))
              for k in range(len(objects)) if objects[k]]
    return sum(values) / len(values)


def average(rows, number):
    """For each recall 0, 0.01, ... the best precision at that recall or a higher one."""
    if number == 0:
        return 1.0
    curve, hits = [], 0
    for place, (_, right) in enumerate(sorted(rows, key=lambda row: -row[0]), 1):
        hits += right
        curve.append((hits / number, hits / place))
    return sum(max((precision for recall, precision in curve if recall >= i / 100), default=0)
               for i in range(101)) / 101
