"""Cityscapes with a labeled fraction and pseudo labels made offline, as Noisy Boundaries sees it.

As on COCO, except that the short side is 800 to 1024 (long side at most 2048) for student and
teacher, and that the erased rectangles are larger. Boundaries are 0.5 % of the diagonal wide, as
the authors of boundary AP set it for Cityscapes.
"""
_base_ = ['./semi_cityscapes_instance.py', './noisy_boundaries_views.py']

load = [_base_.labeled_pipeline[0], _base_.labeled_pipeline[1]]
resize = dict(
    type='RandomResize', scale=[(2048, 800), (2048, 1024)], resize_type='Resize', keep_ratio=True)
flip = dict(type='RandomFlip', prob=0.5)
drop_empty = _base_.labeled_pipeline[-2]
pack = _base_.weak_view[-1]
strong = [
    _base_.distortion,
    dict(
        _base_.cutout,
        cutout_shape=[(0, 0), (60, 30), (120, 60), (200, 100), (300, 150), (400, 200)]),
]
student_pipeline = [*load, resize, flip, drop_empty, *strong, pack]
plain_pipeline = [*load, resize, flip, drop_empty, pack]

labeled_dataset = dict(_base_.labeled_dataset, pipeline=student_pipeline)
pseudo_dataset = dict(
    type='PseudoLabeledCocoDataset',
    ann_file='',
    data_prefix=dict(img='data/cityscapes/leftImg8bit/train/'),
    metainfo=_base_.metainfo,
    filter_cfg=dict(filter_empty_gt=True),
    pipeline=student_pipeline)
train_dataloader = dict(
    batch_size=3,
    batch_sampler=dict(source_ratio=[2, 1], burn_in=0),
    dataset=dict(
        type='LabeledPseudoConcatDataset', datasets=[labeled_dataset, pseudo_dataset]))
# 4 GPUs.
auto_scale_lr = dict(base_batch_size=12)

teacher_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(_base_.labeled_dataset, pipeline=plain_pipeline))

val_evaluator = dict(type='BoundaryCocoMetric', dilation_ratio=0.005)
test_evaluator = val_evaluator
