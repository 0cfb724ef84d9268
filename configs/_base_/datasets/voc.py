"""PASCAL VOC 2012 with the images and labels of SBD (10 582 for training), boxes alone.

Expects COCO-style files `annotations/instances_train_sbd.json` and `annotations/instances_val.json`
in `data/voc`, as a converter of VOC and SBD writes them, and all images in `JPEGImages`. Beside
mask AP its values at IoU 0.25 and 0.7 are evaluated, `segm_mAP_25` and `segm_mAP_70`.
"""
_base_ = './evaluation.py'

data_set = dict(
    root='data/voc/',
    classes=('aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow',
             'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa',
             'train', 'tvmonitor'),
    boxes='annotations/instances_train_sbd.json',
    val='annotations/instances_val.json',
    image_dirs='JPEGImages/')
val_evaluator = dict(type='ThresholdCocoMetric', thresholds=(0.25, 0.7))
test_evaluator = val_evaluator
