"""Views of GuidedDistillation: as PL-DC's, with one weak view of labeled images and no erasing."""
_base_ = './pldc.py'

branch_field = ['sup', 'unsup_teacher', 'unsup_student']
labeled_views = [
    _base_.labeled_views[0],
    dict(type='MultiBranch', branch_field=branch_field, sup=_base_.weak_view),
]
unlabeled_views = [
    dict(
        type='MultiBranch',
        branch_field=branch_field,
        unsup_teacher=_base_.weak_view,
        unsup_student=[_base_.strong_view[0], *_base_.weak_view]),
]
# Per GPU, for four GPUs: 16 + 16 images in all.
train_dataloader = dict(
    batch_sampler=dict(labeled=4, unlabeled=4),
    dataset=dict(
        labeled=dict(pipeline=[*_base_.load_labeled, *_base_.geometry, *labeled_views]),
        unlabeled=dict(pipeline=[*_base_.load_unlabeled, *_base_.geometry, *unlabeled_views])))
auto_scale_lr = dict(base_batch_size=32)
