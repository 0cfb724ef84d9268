"""Cityscapes with a labeled fraction, 8 classes, COCO-style annotation files, COCO mask AP.

Only what differs from COCO: classes, files, resizing (shortest edge 512 to 2048, crop 512 x 1024),
and half the batch (paper, Tab. I). mmdet's `scales` and `crop_size` are (width, height).
"""
_base_ = './semi_coco_instance.py'

data_root = 'data/cityscapes/'
metainfo = dict(
    classes=('person', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle'),
    palette=[(220, 20, 60), (255, 0, 0), (0, 0, 142), (0, 0, 70), (0, 60, 100), (0, 80, 100),
             (0, 0, 230), (119, 11, 32)])

geometry = [
    dict(
        type='RandomChoiceResize',
        scales=[(2 * int(102.4 * step), int(102.4 * step)) for step in range(5, 21)],
        resize_type='Resize',
        keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_size=(1024, 512),
        crop_type='absolute',
        recompute_bbox=True,
        allow_negative_crop=True),
    dict(type='RandomFlip', prob=0.5),
]
labeled_pipeline = [*_base_.labeled_pipeline[:2], *geometry, *_base_.labeled_pipeline[-2:]]
unlabeled_pipeline = [*_base_.unlabeled_pipeline[:2], *geometry, *_base_.unlabeled_pipeline[-1:]]
test_pipeline = [
    *_base_.test_pipeline[:1],
    dict(type='Resize', scale=(2048, 1024), keep_ratio=True),
    *_base_.test_pipeline[-1:],
]

train_set = dict(
    data_root=data_root, data_prefix=dict(img='leftImg8bit/train/'), metainfo=metainfo)
labeled_dataset = dict(
    type='CocoDataset',
    ann_file='semi_anns/instancesonly_filtered_gtFine_train.1@5.json',
    filter_cfg=dict(filter_empty_gt=True),
    pipeline=labeled_pipeline,
    **train_set)
unlabeled_dataset = dict(
    type='UnlabeledCocoDataset',
    ann_file='semi_anns/instancesonly_filtered_gtFine_train.1@5-unlabeled.json',
    pipeline=unlabeled_pipeline,
    **train_set)
train_dataloader = dict(
    batch_size=2, dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))
auto_scale_lr = dict(base_batch_size=8)

val_ann_file = 'annotations/instancesonly_filtered_gtFine_val.json'
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file=val_ann_file,
        data_prefix=dict(img='leftImg8bit/val/'),
        metainfo=metainfo,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + val_ann_file)
test_evaluator = val_evaluator
