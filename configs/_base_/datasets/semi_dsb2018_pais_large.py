"""`dsb2018` a little larger than `semi_dsb2018_pais.py`, for K-Net, whose masks are at stride 8.

Images with a long side of 384, crops of 288 x 288. The share of an image that a crop shows stays
the same: K-Net learns where its kernels look, and crops that show less do not carry over to whole
images.
"""
_base_ = './semi_dsb2018_pais.py'

image_size = (384, 384)
crop_size = (288, 288)
resize = dict(type='RandomResize', scale=image_size, resize_type='Resize', keep_ratio=True)
geometry = [
    _base_.geometry[0],
    dict(**resize, ratio_range=(0.6, 1.5)),
    dict(_base_.geometry[-1], crop_size=crop_size),
]
weak_view = [dict(**resize, ratio_range=(0.8, 1.0)), *_base_.weak_view[1:]]
strong_view = [*geometry, *_base_.strong_view[-2:]]
labeled_pipeline = [
    *_base_.labeled_pipeline[:2], *geometry, *_base_.labeled_pipeline[-2:]
]
unlabeled_pipeline = [
    *_base_.unlabeled_pipeline[:2],
    dict(
        type='MultiBranch',
        branch_field=_base_.branch_field,
        unsup_teacher=weak_view,
        unsup_student=strong_view),
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='Resize', scale=image_size, keep_ratio=True),
    _base_.test_pipeline[-1],
]

labeled_dataset = _base_.labeled_dataset
unlabeled_dataset = _base_.unlabeled_dataset
labeled_dataset.pipeline = labeled_pipeline
unlabeled_dataset.pipeline = unlabeled_pipeline
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
