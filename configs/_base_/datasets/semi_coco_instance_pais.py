"""COCO with a labeled fraction, as PAIS sees it: teacher and student views differ in geometry.

Every view draws its own size (short side 400 to 1200, long side at most 1333) and flip. A labeled
image has one view. Batches hold 1 labeled and 3 unlabeled images per GPU (paper; Tab. 9);
`batch_sampler.mode='bernoulli'` mixes them as the released sampler does, 1.31 + 2.69 on average.
"""
_base_ = ['./semi_coco_instance.py', './pais_views.py']

branch_field = ['sup', 'unsup_teacher', 'unsup_student']
geometry = [
    dict(
        type='RandomResize',
        scale=[(1333, 400), (1333, 1200)],
        resize_type='Resize',
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
]
pack = _base_.weak_view[-1]
weak_view = [*geometry, pack]
strong_view = [
    *geometry,
    dict(
        type='RandomOrder',
        transforms=[_base_.pais_color, _base_.pais_geometry, _base_.pais_erasing]),
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
train_dataloader = dict(
    batch_sampler=dict(source_ratio=[1, 3], burn_in=0),
    dataset=dict(same_geometry=False, datasets=[labeled_dataset, unlabeled_dataset]))
