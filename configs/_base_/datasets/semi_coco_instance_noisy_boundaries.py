"""COCO with a labeled fraction and pseudo labels made offline, as Noisy Boundaries sees it.

Student: short side 400 to 1200, long side at most 1333, flip, strong augmentation; 2 labeled and 1
pseudo-labeled image per GPU. Teacher: `teacher_dataloader`, 2 labeled images per GPU, short side
640 to 800, flip. A student's config says where its pseudo labels are. Boundary AP stands beside
mask AP.
"""
_base_ = ['./semi_coco_instance.py', './noisy_boundaries_views.py']

load = [_base_.labeled_pipeline[0], _base_.labeled_pipeline[1]]
resize = dict(
    type='RandomResize', scale=[(1333, 400), (1333, 1200)], resize_type='Resize', keep_ratio=True)
flip = dict(type='RandomFlip', prob=0.5)
drop_empty = _base_.labeled_pipeline[-2]
pack = _base_.weak_view[-1]
strong = [_base_.distortion, _base_.cutout]
student_pipeline = [*load, resize, flip, drop_empty, *strong, pack]
plain_pipeline = [*load, resize, flip, drop_empty, pack]
teacher_pipeline = [
    *load, dict(resize, scale=[(1333, 640), (1333, 800)]), flip, drop_empty, pack
]

labeled_dataset = dict(_base_.labeled_dataset, pipeline=student_pipeline)
pseudo_dataset = dict(
    type='PseudoLabeledCocoDataset',
    ann_file='',
    data_prefix=dict(img='data/coco/train2017/'),
    filter_cfg=dict(filter_empty_gt=True),
    pipeline=student_pipeline)
train_dataloader = dict(
    batch_size=3,
    batch_sampler=dict(source_ratio=[2, 1], burn_in=0),
    dataset=dict(
        type='LabeledPseudoConcatDataset', datasets=[labeled_dataset, pseudo_dataset]))
# 8 GPUs.
auto_scale_lr = dict(base_batch_size=24)

teacher_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(_base_.labeled_dataset, pipeline=teacher_pipeline))

val_evaluator = dict(type='BoundaryCocoMetric')
test_evaluator = val_evaluator
