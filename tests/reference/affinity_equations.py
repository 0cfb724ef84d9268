"""BoxTeacher, Eq. 3 to 5, pixel by pixel: plain loops over nested lists, no torch.

``released`` marks what the released code does where the paper says something else.
"""
import math

OFFSETS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


def refine(g):
    """Eq. 3: a pixel and the mean of its 3 x 3 surroundings, 0 outside, half each."""
    rows, columns = len(g), len(g[0])
    refined = []
    for y in range(rows):
        refined.append([])
        for x in range(columns):
            total = 0.0
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    if 0 <= y + dy < rows and 0 <= x + dx < columns:
                        total += g[y + dy][x + dx]
            refined[-1].append((g[y][x] + total / 9) / 2)
    return refined


def mask_affinity(g, dilation=2, valid=None):
    """Eq. 4 for one mask: ``mu[k][y][x]``, 0 where there is no neighbour k."""
    refined = refine(g)
    rows, columns = len(g), len(g[0])
    mu = [[[0.0] * columns for _ in range(rows)] for _ in OFFSETS]
    for k, (dy, dx) in enumerate(OFFSETS):
        for y in range(rows):
            for x in range(columns):
                v, u = y + dilation * dy, x + dilation * dx
                if 0 <= v < rows and 0 <= u < columns and (valid is None or valid[v][u]):
                    g_i, g_j = refined[y][x], refined[v][u]
                    mu[k][y][x] = g_i * g_j + (1 - g_i) * (1 - g_j)
    return mu


def affinity_loss(logits, mu, threshold=0.5, region=None, dilation=2, printed=False):
    """Eq. 5 for one mask; ``printed`` takes the sum of logarithms of the paper."""
    rows, columns = len(logits), len(logits[0])
    numerator = denominator = 0.0
    for k, (dy, dx) in enumerate(OFFSETS):
        for y in range(rows):
            for x in range(columns):
                v, u = y + dilation * dy, x + dilation * dx
                if not (0 <= v < rows and 0 <= u < columns):
                    continue
                weight = mu[k][y][x] if threshold is None else float(mu[k][y][x] >= threshold)
                if region is not None and not region[y][x]:
                    weight = 0.0
                p_i = 1 / (1 + math.exp(-logits[y][x]))
                p_j = 1 / (1 + math.exp(-logits[v][u]))
                if printed:
                    log = math.log(p_i * p_j) + math.log((1 - p_i) * (1 - p_j))
                else:
                    log = math.log(p_i * p_j + (1 - p_i) * (1 - p_j))
                numerator -= weight * log
                denominator += weight
    return numerator / max(denominator, 1)
