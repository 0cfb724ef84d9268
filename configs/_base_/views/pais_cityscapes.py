"""Views of PAIS on Cityscapes: short side 800 to 1024, long side at most 2048.

CutOut stands in the place of the erased squares, after the other changes: 1 to 5 holes of the
listed (width, height), filled with the mean. The released code changes labeled images as Noisy
Boundaries does; here they get PAIS's colours of COCO.
"""
_base_ = './pais.py'

geometry = [
    dict(
        type='RandomResize',
        scale=[(2048, 800), (2048, 1024)],
        resize_type='Resize',
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
]
strong = [
    dict(type='RandomOrder', transforms=[_base_.color, _base_.shape]),
    dict(
        type='CutOut',
        n_holes=(1, 5),
        cutout_shape=[(0, 0), (60, 30), (120, 60), (200, 100), (300, 150), (400, 200)],
        fill_in=(103.53, 116.28, 123.675)),
    _base_.pack,
]
unlabeled_views = dict(
    type='MultiBranch',
    branch_field=_base_.branch_field,
    unsup_teacher=[*geometry, _base_.pack],
    unsup_student=[*geometry, *strong])
train_dataloader = dict(
    dataset=dict(
        labeled=dict(pipeline=[*_base_.load_labeled, *geometry, *_base_.labeled_views]),
        unlabeled=dict(pipeline=[*_base_.load_unlabeled, unlabeled_views])))
