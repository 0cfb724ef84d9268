"""`animals` with pseudo labels made offline; files, splits, sizes and crops as `semi_animals.py`.

Student: 4 labeled and 2 pseudo-labeled images, erased rectangles in the proportion that they have
on COCO. Teacher: `teacher_dataloader`, 4 labeled images, flip, scale jitter and crop alone.
"""
_base_ = ['./semi_animals.py', './noisy_boundaries_views.py']

load = [_base_.labeled_pipeline[0], _base_.labeled_pipeline[1]]
drop_empty = _base_.labeled_pipeline[-2]
pack = _base_.weak_view[-1]
holes = dict(
    cutout_shape=[(0, 0), (5, 3), (10, 6), (19, 12), (29, 17), (38, 23)],
    fill_in=(127, 127, 127))
strong = [_base_.distortion, dict(_base_.cutout, **holes)]
student_pipeline = [*load, *_base_.geometry, drop_empty, *strong, pack]
plain_pipeline = [*load, *_base_.geometry, drop_empty, pack]

labeled_dataset = dict(_base_.labeled_dataset, pipeline=student_pipeline)
pseudo_dataset = dict(
    type='PseudoLabeledCocoDataset',
    ann_file='',
    data_prefix=dict(img='data/animals/train/'),
    metainfo=dict(classes=_base_.classes),
    filter_cfg=dict(filter_empty_gt=True),
    pipeline=student_pipeline)
train_dataloader = dict(
    batch_size=6,
    batch_sampler=dict(source_ratio=[2, 1], burn_in=0),
    dataset=dict(
        type='LabeledPseudoConcatDataset', datasets=[labeled_dataset, pseudo_dataset]))

teacher_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(_base_.labeled_dataset, pipeline=plain_pipeline))

val_evaluator = dict(type='BoundaryCocoMetric')
test_evaluator = val_evaluator
