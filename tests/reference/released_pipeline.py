"""The released PL-DC code's order of work for pseudo labels, written from a description of it.

All queries' masks are upsampled first, then come the top 100 of queries x classes, quality, binary
mask and uncertainty of each at full resolution, and the thresholds last. Slow on purpose.
"""
import torch.nn.functional as F

TOP_K = 100


def released_pseudo_labels(cls_logits, mask_logits, input_shape, class_thr, mask_thr, min_area):
    """Pseudo labels of one image.

    Args:
        cls_logits: (Q, K + 1), the last column is no-object.
        mask_logits: (Q, h, w) at the network's native stride.
        input_shape: (H, W) of the padded network input.
        class_thr: c_t.
        mask_thr: m_t.
        min_area: masks must cover more pixels than this.

    Returns:
        dict of ``labels``, ``class_scores``, ``mask_scores`` (all (N,), by falling class score),
        ``masks`` (N, H, W) float32 and ``uncertainty`` (N, H, W).
    """
    mask_logits = F.interpolate(
        mask_logits[None], size=input_shape, mode='bilinear', align_corners=False)[0]

    scores = cls_logits.softmax(dim=-1)[:, :-1]
    num_classes = scores.shape[1]
    class_scores, flat_indices = scores.flatten().topk(min(TOP_K, scores.numel()))
    labels = flat_indices % num_classes
    mask_logits = mask_logits[flat_indices // num_classes]

    masks = (mask_logits > 0).float()
    probs = mask_logits.sigmoid()
    areas = masks.flatten(1).sum(1)
    mask_scores = (probs * masks).flatten(1).sum(1) / (areas + 1e-6)
    uncertainty = 1 - 2 * (probs - 0.5).abs()

    kept = (mask_scores >= mask_thr) & (class_scores >= class_thr) & (areas > min_area)
    return dict(labels=labels[kept], class_scores=class_scores[kept],
                mask_scores=mask_scores[kept], masks=masks[kept], uncertainty=uncertainty[kept])
