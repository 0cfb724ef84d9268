"""PASCAL VOC 2012 with the images and labels of SBD (10 582 for training), boxes alone.

Expects COCO-style files `annotations/instances_train_sbd.json` and `annotations/instances_val.json`
in `data/voc`, as a converter of VOC and SBD writes them, and all images in `JPEGImages`.
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
