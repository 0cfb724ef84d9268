"""Weighting Pseudo-Labels, section 3.4, a second time: plain loops over nested lists, no torch."""


def channel_ranks(values, k):
    """topk(z): indices of the k largest, the lower index first among equals."""
    return sorted(range(len(values)), key=lambda d: (-values[d], d))[:k]


def rank_overlap_map(features, classes, prototypes, k, missing):
    """s/k of each pixel of (D, h, w) features against its class, without dead channels."""
    def active(values):
        return {d for d in channel_ranks(values, k) if values[d] > 0}

    overlaps = []
    for y, row in enumerate(classes):
        overlaps.append([])
        for x, c in enumerate(row):
            pixel = active([channel[y][x] for channel in features])
            prototype = active(prototypes[c]) if 0 <= c < len(prototypes) else set()
            if not prototype:
                overlaps[-1].append(missing)
            elif not pixel:
                overlaps[-1].append(0.0)
            else:
                used = min(len(pixel), len(prototype))
                overlaps[-1].append(len(pixel & prototype) / used)
    return overlaps


class QueuePerClass:
    """The memory bank (supplement, section 5): a list per class, the newest last."""

    def __init__(self, num_classes, size, max_new):
        self.queues = [[] for _ in range(num_classes)]
        self.size = size
        self.max_new = max_new

    def update(self, *ranks):
        """Append ``(features, labels)`` of each rank: the ranks' newest are equally new."""
        for c, queue in enumerate(self.queues):
            new = [[row for row, label in zip(*rank) if label == c][-self.max_new:]
                   for rank in ranks]
            for age in range(self.max_new, 0, -1):
                queue.extend(rows[-age] for rows in new if len(rows) >= age)
            del queue[:-self.size]

    def prototypes(self, channels):
        """Mean of each queue, 0 without any."""
        return [[sum(row[d] for row in queue) / max(len(queue), 1) for d in range(channels)]
                for queue in self.queues]
