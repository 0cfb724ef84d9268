"""PASCAL VOC 2012 with the images and labels of SBD (10 582 for training), boxes alone.

Expects COCO-style files `annotations/instances_train_sbd.json` and `annotations/instances_val.json`
in `data/voc`, as a converter of VOC and SBD writes them, and all images in `JPEGImages`.
The paper does not give the sizes; they are COCO's.
"""
_base_ = './box_coco_instance.py'

data_root = 'data/voc/'
metainfo = dict(
    classes=('aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow',
             'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa',
             'train', 'tvmonitor'))
images = dict(img='JPEGImages/')

box_dataset = dict(
    _base_.box_dataset,
    data_root=data_root,
    ann_file='annotations/instances_train_sbd.json',
    data_prefix=images,
    metainfo=metainfo,
    pipeline=_base_.strongv2_pipeline)
train_dataloader = dict(dataset=dict(datasets=[box_dataset]))

val_ann_file = 'annotations/instances_val.json'
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, ann_file=val_ann_file, data_prefix=images, metainfo=metainfo))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + val_ann_file)
test_evaluator = val_evaluator
