"""Cityscapes as GuidedDistillation sees it: one weak view of labeled images, no erasing."""
_base_ = './semi_cityscapes_instance.py'

branch_field = ['sup', 'unsup_teacher', 'unsup_student']
weak_view = _base_.weak_view
labeled_pipeline = [
    *_base_.labeled_pipeline[:-1],
    dict(type='MultiBranch', branch_field=branch_field, sup=weak_view),
]
unlabeled_pipeline = [
    *_base_.unlabeled_pipeline[:-1],
    dict(
        type='MultiBranch',
        branch_field=branch_field,
        unsup_teacher=weak_view,
        unsup_student=[dict(type='StrongPhotometric'), *weak_view]),
]
labeled_dataset = dict(_base_.labeled_dataset, pipeline=labeled_pipeline)
unlabeled_dataset = dict(_base_.unlabeled_dataset, pipeline=unlabeled_pipeline)
# Per GPU, for four GPUs: 4 labeled + 4 unlabeled images, 16 + 16 in all.
train_dataloader = dict(
    batch_size=8,
    batch_sampler=dict(burn_in=0),
    dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))
auto_scale_lr = dict(base_batch_size=32)
