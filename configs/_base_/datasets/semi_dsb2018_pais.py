"""`dsb2018`: nuclei in 664 microscopy images, one class, about 42 small instances per image.

Unpack it to `data/dsb2018`, then

    python tools/dataset_converters/make_semi_splits.py \
        data/dsb2018/annotations/instances_train.json --percents 5 --folds 1 2 3

5 % are 26 of the 531 training images. Views as for `animals`: images are 152 to 320 pixels on a
side and tested with a long side of 320; labeled images and the student's view are cropped to
256 x 256, the teacher sees the whole image. AP counts the best 100 masks of an image, as on COCO;
12 of the 133 validation images hold more nuclei.
"""
_base_ = './semi_animals_pais.py'

data_root = 'data/dsb2018/'
classes = ('nucleus', )
image_size = (320, 320)
crop_size = (256, 256)

resize = dict(type='RandomResize', scale=image_size, resize_type='Resize', keep_ratio=True)
geometry = [
    dict(type='RandomFlip', prob=0.5),
    dict(**resize, ratio_range=(0.6, 1.5)),
    dict(_base_.geometry[-1], crop_size=crop_size),
]
weak_view = [dict(**resize, ratio_range=(0.8, 1.0)), *_base_.weak_view[1:]]
strong_view = [*geometry, *_base_.strong_view[-2:]]
labeled_pipeline = [
    *_base_.labeled_pipeline[:2], *geometry, *_base_.labeled_pipeline[-2:]
]
unlabeled_pipeline = [
    *_base_.unlabeled_pipeline[:2],
    dict(
        type='MultiBranch',
        branch_field=_base_.branch_field,
        unsup_teacher=weak_view,
        unsup_student=strong_view),
]
test_pipeline = [
    *_base_.test_pipeline[:1],
    dict(type='Resize', scale=image_size, keep_ratio=True),
    *_base_.test_pipeline[-1:],
]

train_set = dict(
    data_root=data_root, data_prefix=dict(img='train/'), metainfo=dict(classes=classes))
labeled_dataset = dict(
    type='CocoDataset',
    ann_file='semi_anns/instances_train.1@5.json',
    filter_cfg=dict(filter_empty_gt=True),
    pipeline=labeled_pipeline,
    **train_set)
unlabeled_dataset = dict(
    type='UnlabeledCocoDataset',
    ann_file='semi_anns/instances_train.1@5-unlabeled.json',
    pipeline=unlabeled_pipeline,
    **train_set)
# 2 labeled and 6 unlabeled images.
train_dataloader = dict(
    batch_size=8, dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))

val_ann_file = 'annotations/instances_val.json'
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file=val_ann_file,
        data_prefix=dict(img='val/'),
        metainfo=dict(classes=classes),
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + val_ann_file)
test_evaluator = val_evaluator
