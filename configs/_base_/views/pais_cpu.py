"""Views of PAIS on a CPU: 192 x 192, 3 labeled and 9 unlabeled images.

Labeled images and the student's view: scale jitter, flip and crop, each its own. The teacher sees
the whole image, at its own size and flip: a student's crop may then hold nothing that the teacher
was not shown and that would count as background for want of a pseudo label.
"""
_base_ = './pais.py'

image_size = (192, 192)
scale_jitter = (0.6, 1.5)

flip = dict(type='RandomFlip', prob=0.5)
resize = dict(type='RandomResize', scale='image_size', resize_type='Resize', keep_ratio=True)
geometry = [
    flip,
    dict(resize, ratio_range='scale_jitter'),
    dict(
        type='RandomCrop',
        crop_size='crop_size',
        crop_type='absolute',
        recompute_bbox=True,
        allow_negative_crop=True),
]
unlabeled_views = dict(
    type='MultiBranch',
    branch_field=_base_.branch_field,
    unsup_teacher=[dict(resize, ratio_range=(0.8, 1.0)), flip, _base_.pack],
    unsup_student=[*geometry, *_base_.strong])
train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    batch_sampler=dict(labeled=3, unlabeled=9),
    dataset=dict(
        labeled=dict(pipeline=[*_base_.load_labeled, *geometry, *_base_.labeled_views]),
        unlabeled=dict(pipeline=[*_base_.load_unlabeled, unlabeled_views])))
auto_scale_lr = dict(base_batch_size=12)
