"""Cityscapes with a labeled fraction, as PAIS sees it: teacher and student differ in geometry.

As on COCO, except that the short side is 800 to 1024 (long side at most 2048) and that CutOut
stands in the place of the erased squares, after the other changes: 1 to 5 holes of the listed
(width, height), filled with the mean. The released code changes labeled images as Noisy
Boundaries does; here they get PAIS's colours of COCO.
"""
_base_ = ['./semi_cityscapes_instance.py', './pais_views.py']

branch_field = ['sup', 'unsup_teacher', 'unsup_student']
geometry = [
    dict(
        type='RandomResize',
        scale=[(2048, 800), (2048, 1024)],
        resize_type='Resize',
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
]
pack = _base_.weak_view[-1]
weak_view = [*geometry, pack]
strong_view = [
    *geometry,
    dict(type='RandomOrder', transforms=[_base_.pais_color, _base_.pais_geometry]),
    dict(
        type='CutOut',
        n_holes=(1, 5),
        cutout_shape=[(0, 0), (60, 30), (120, 60), (200, 100), (300, 150), (400, 200)],
        fill_in=(103.53, 116.28, 123.675)),
    pack,
]
labeled_pipeline = [
    *_base_.labeled_pipeline[:2],
    *geometry,
    _base_.labeled_pipeline[-2],
    dict(type='MultiBranch', branch_field=branch_field, sup=[_base_.pais_color, pack]),
]
unlabeled_pipeline = [
    *_base_.unlabeled_pipeline[:2],
    dict(
        type='MultiBranch',
        branch_field=branch_field,
        unsup_teacher=weak_view,
        unsup_student=strong_view),
]

labeled_dataset = _base_.labeled_dataset
unlabeled_dataset = _base_.unlabeled_dataset
labeled_dataset.pipeline = labeled_pipeline
unlabeled_dataset.pipeline = unlabeled_pipeline
# 1 labeled and 3 unlabeled images per GPU.
train_dataloader = dict(
    batch_size=4,
    batch_sampler=dict(source_ratio=[1, 3], burn_in=0),
    dataset=dict(same_geometry=False, datasets=[labeled_dataset, unlabeled_dataset]))
auto_scale_lr = dict(base_batch_size=16)
