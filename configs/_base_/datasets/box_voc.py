"""PASCAL VOC 2012 with the images and labels of SBD (10 582 for training), boxes alone.

Expects COCO-style files `annotations/instances_train_sbd.json` and `annotations/instances_val.json`
in `data/voc`, as a converter of VOC and SBD writes them, and all images in `JPEGImages`.
The paper gives neither the sizes nor the student's colours; they are COCO's of 1x, without strong
augmentation, which costs AP there (Table 8). `strongv2_pipeline` is the other choice.
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
    metainfo=metainfo)
train_dataloader = dict(dataset=dict(datasets=[box_dataset]))

val_ann_file = 'annotations/instances_val.json'
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, ann_file=val_ann_file, data_prefix=images, metainfo=metainfo))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + val_ann_file)
test_evaluator = val_evaluator
