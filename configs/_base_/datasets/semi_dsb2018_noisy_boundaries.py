"""`dsb2018` with pseudo labels made offline; files, splits, sizes as in `semi_dsb2018_pais.py`.

4 labeled and 2 pseudo-labeled images for the student, 4 labeled ones for the teacher.
"""
_base_ = './semi_animals_noisy_boundaries.py'

data_root = 'data/dsb2018/'
classes = ('nucleus', )
image_size = (320, 320)
crop_size = (256, 256)

geometry = [
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomResize',
        scale=image_size,
        ratio_range=(0.6, 1.5),
        resize_type='Resize',
        keep_ratio=True),
    dict(_base_.geometry[-1], crop_size=crop_size),
]
student_pipeline = [
    *_base_.load, *geometry, _base_.drop_empty, *_base_.strong, _base_.pack
]
plain_pipeline = [*_base_.load, *geometry, _base_.drop_empty, _base_.pack]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='Resize', scale=image_size, keep_ratio=True),
    _base_.test_pipeline[-1],
]

train_set = dict(
    data_root=data_root,
    ann_file='semi_anns/instances_train.1@5.json',
    metainfo=dict(classes=classes))
labeled_dataset = dict(_base_.labeled_dataset, pipeline=student_pipeline, **train_set)
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    data_prefix=dict(img='data/dsb2018/train/'),
    metainfo=dict(classes=classes),
    pipeline=student_pipeline)
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, pseudo_dataset]))
teacher_dataloader = dict(dataset=dict(pipeline=plain_pipeline, **train_set))

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
