"""Noisy Boundaries' merge of test-time views, as the released code does it (mmdet 2's aug_test).

One view after the other, image and flip apart; NMS as a plain loop; the mask probabilities of all
classes are copied to numpy, where flips are undone and views averaged. Written from a description
of it. Slow on purpose.
"""
import mmcv
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox2roi
from mmengine.structures import InstanceData


def look(image, scale, flip, data_preprocessor):
    """Input (1, 3, H, W) and sample of one view."""
    height, width = image.shape[:2]
    resized = mmcv.imrescale(image, scale)
    if flip:
        resized = resized[:, ::-1]
    sample = DetDataSample(metainfo=dict(
        ori_shape=(height, width), img_shape=resized.shape[:2], flip=flip,
        scale_factor=(resized.shape[1] / width, resized.shape[0] / height)))
    pixels = torch.from_numpy(resized.transpose(2, 0, 1).copy())
    data = data_preprocessor(dict(inputs=[pixels], data_samples=[sample]), False)
    return data['inputs'], data['data_samples'][0]


def there(boxes, meta):
    """Boxes (N, 4) of the image in a view."""
    boxes = boxes * np.array(meta['scale_factor'] * 2)
    if meta['flip']:
        boxes = np.stack([meta['img_shape'][1] - boxes[:, 2], boxes[:, 1],
                          meta['img_shape'][1] - boxes[:, 0], boxes[:, 3]], 1)
    return boxes


def back(boxes, meta):
    """Boxes (N, 4) of a view in the image."""
    if meta['flip']:
        boxes = np.stack([meta['img_shape'][1] - boxes[:, 2], boxes[:, 1],
                          meta['img_shape'][1] - boxes[:, 0], boxes[:, 3]], 1)
    return boxes / np.array(meta['scale_factor'] * 2)


def iou(a, b):
    """IoU of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    inter = max(width, 0) * max(height, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter
    return inter / union if union > 0 else 0.0


def nms(boxes, scores, threshold):
    """Indices of the boxes kept, the best first."""
    kept = []
    for i in np.argsort(-np.asarray(scores), kind='stable'):
        if all(iou(boxes[i], boxes[j]) <= threshold for j in kept):
            kept.append(i)
    return kept


def rois_of(boxes):
    """RoIs of one image."""
    return bbox2roi([torch.from_numpy(boxes).float()])


def predict(detector, image, views, score_thr, max_per_image):
    """Detections of a Mask R-CNN over views (scale, flip).

    Returns:
        Boxes (N, 4), scores (N,), labels (N,) and mask probabilities (N, S, S), numpy.
    """
    head, looks = detector.roi_head, []
    for scale, flip, *_ in views:
        pixels, sample = look(image, scale, flip, detector.data_preprocessor)
        looks.append((detector.extract_feat(pixels), sample))
    proposals, scores = [], []
    for levels, sample in looks:
        found = detector.rpn_head.predict(levels, [sample], rescale=False)[0]
        proposals += list(back(found.bboxes.numpy().astype(float), sample.metainfo))
        scores += found.scores.tolist()
    cfg = detector.rpn_head.test_cfg
    kept = nms(proposals, scores, cfg.nms.iou_threshold)[:cfg.max_per_img]
    boxes, probs = mean_boxes(head, looks, np.array(proposals).reshape(-1, 4)[kept])
    boxes, scores, labels = suppress(boxes, probs, score_thr, head.test_cfg.nms.iou_threshold,
                                     max_per_image)
    masks = [mask_logits(head, levels, there(boxes, sample.metainfo)) for levels, sample in looks]
    flips = [sample.flip for _, sample in looks]
    return boxes, scores, labels, mean_masks(masks, labels, flips)


def mean_boxes(head, looks, proposals):
    """Boxes (M, K, 4) and probabilities (M, K) of the same proposals, averaged."""
    boxes, probs = [], []
    for levels, sample in looks:
        inside = InstanceData(bboxes=torch.from_numpy(there(proposals, sample.metainfo)).float())
        result = head.predict_bbox(levels, [sample.metainfo], [inside], None)[0]
        classes = result.scores.shape[1] - 1
        decoded = result.bboxes.numpy().astype(float).reshape(len(proposals), -1, 4)
        decoded = np.broadcast_to(decoded, (len(proposals), classes, 4))
        boxes.append(back(decoded.reshape(-1, 4), sample.metainfo).reshape(decoded.shape))
        probs.append(result.scores.numpy()[:, :-1])
    return np.mean(boxes, 0), np.mean(probs, 0)


def suppress(boxes, probs, score_thr, iou_thr, max_per_image):
    """NMS class by class, then the best of all classes."""
    found = []
    for label in range(probs.shape[1]):
        rows = np.flatnonzero(probs[:, label] > score_thr)
        for i in nms(boxes[rows, label], probs[rows, label], iou_thr):
            found.append((probs[rows[i], label], label, boxes[rows[i], label]))
    found = sorted(found, key=lambda each: -each[0])[:max_per_image]
    return (np.array([box for _, _, box in found]).reshape(-1, 4),
            np.array([score for score, _, _ in found]),
            np.array([label for _, label, _ in found], dtype=int))


def mask_logits(head, levels, boxes):
    """Logits of all classes in one view, (N, K, S, S)."""
    return head._mask_forward(levels, rois_of(boxes))['mask_preds']


def mean_masks(views, labels, flips):
    """Mean over views of the probabilities of all classes, then the predicted class's.

    Args:
        views: logits of each view, (N, K, S, S) tensors.
        labels: (N,), array or tensor.
        flips: whether each view is flipped.

    Returns:
        (N, S, S), numpy.
    """
    copies = []
    for logits, flipped in zip(views, flips):
        probs = logits.sigmoid().cpu().numpy()
        copies.append(probs[:, :, :, ::-1] if flipped else probs)
    merged = np.mean(copies, axis=0)
    labels = np.asarray(labels) if merged.shape[1] > 1 else np.zeros(len(labels), dtype=int)
    return merged[np.arange(len(labels)), labels]


def mask_merging(num_detections=100, num_classes=80, size=28, num_views=18, device='cpu'):
    """Both ways of merging masks over views, for the benchmark.

    Args:
        num_detections: N.
        num_classes: K.
        size: S.
        num_views: views, every second one flipped.
        device: device of the logits.

    Returns:
        dict: 'mmssis' and 'released', functions without arguments that return labels (N,) and
        merged probabilities (N, S, S), tensors, of the same logits. Ours on the device, the
        released code's on the host.
    """
    from mmssis.offline.two_stage_predictor import mean_class_masks
    generator = torch.Generator().manual_seed(0)
    shape = (num_views, num_detections, num_classes, size, size)
    views = torch.randn(shape, generator=generator).to(device)
    labels = torch.randint(num_classes, (num_detections, ), generator=generator).to(device)
    flips = [i % 2 == 1 for i in range(num_views)]
    return dict(
        mmssis=lambda: (labels, mean_class_masks(views, labels, flips)),
        released=lambda: (labels, torch.from_numpy(mean_masks(views, labels.cpu(), flips))))
