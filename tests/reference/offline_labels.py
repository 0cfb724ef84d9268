"""Noisy Boundaries' offline thresholds a second time: plain loops over lists, no torch.

Written from section 3.1 of the paper and from what its released scripts do: scores are compared
with 91 thresholds, one after the other, in a list of dictionaries.
"""


def scan_class_thresholds(detections, num_images, instances_per_image):
    """Of 91 thresholds from 0.1 to 1 the first whose count per image is nearest to the labels'.

    ``detections`` are COCO results: dictionaries with ``category_id`` in [0, K) and ``score``.
    """
    by_class = [[] for _ in instances_per_image]
    for detection in detections:
        by_class[detection['category_id']].append(detection)
    candidates = [0.1 + 0.01 * step for step in range(91)]
    thresholds = []
    for mine, q_c in zip(by_class, instances_per_image):
        distances = []
        for threshold in candidates:
            kept = [detection for detection in mine if detection['score'] > threshold]
            distances.append(abs(len(kept) / num_images - q_c))
        thresholds.append(candidates[distances.index(min(distances))])
    return thresholds


def pixel_histogram(images, class_thresholds, bins=256):
    """Add the area of each cell of each kept box, as far as it is in the image, to a bin.

    ``images`` are dictionaries with ``height``, ``width`` and ``detections``: tuples of box, score,
    label and a square list of probabilities.
    """
    counts = [0.0] * bins
    for image in images:
        for (x1, y1, x2, y2), score, label, probs in image['detections']:
            if not score > class_thresholds[label]:
                continue
            size = len(probs)
            for i in range(size):
                for j in range(size):
                    left, right = (x1 + (x2 - x1) * edge / size for edge in (j, j + 1))
                    top, bottom = (y1 + (y2 - y1) * edge / size for edge in (i, i + 1))
                    width = max(min(right, image['width']) - max(left, 0), 0)
                    height = max(min(bottom, image['height']) - max(top, 0), 0)
                    counts[min(int(probs[i][j] * bins), bins - 1)] += width * height
    return counts
