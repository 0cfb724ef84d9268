"""`animals` with views of different geometry, for PAIS; files and splits as `semi_animals.py`.

Labeled images and the student's view: scale jitter, flip and crop to 192 x 192, each its own. The
teacher sees the whole image, at its own size and flip: a student's crop may then hold nothing that
the teacher was not shown and that would count as background for want of a pseudo label.
"""
_base_ = ['./semi_animals.py', './pais_views.py']

branch_field = ['sup', 'unsup_teacher', 'unsup_student']
pack = _base_.weak_view[-1]
weak_view = [
    dict(
        type='RandomResize',
        scale=_base_.image_size,
        ratio_range=(0.8, 1.0),
        resize_type='Resize',
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    pack,
]
strong_view = [
    *_base_.geometry,
    dict(
        type='RandomOrder',
        transforms=[_base_.pais_color, _base_.pais_geometry, _base_.pais_erasing]),
    pack,
]
labeled_pipeline = [
    *_base_.labeled_pipeline[:-1],
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
# 3 labeled and 9 unlabeled images.
train_dataloader = dict(
    batch_size=12,
    batch_sampler=dict(source_ratio=[1, 3], burn_in=0),
    dataset=dict(same_geometry=False, datasets=[labeled_dataset, unlabeled_dataset]))
