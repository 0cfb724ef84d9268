"""Views of GuidedDistillation on Cityscapes: resizing and crop of PL-DC's."""
_base_ = './guided_distillation.py'

crop_size = (1024, 512)

geometry = [
    dict(
        type='RandomChoiceResize',
        scales=[(2 * int(102.4 * step), int(102.4 * step)) for step in range(5, 21)],
        resize_type='Resize',
        keep_ratio=True),
    _base_.geometry[2],
    _base_.geometry[0],
]
train_dataloader = dict(
    dataset=dict(
        labeled=dict(pipeline=[*_base_.load_labeled, *geometry, *_base_.labeled_views]),
        unlabeled=dict(pipeline=[*_base_.load_unlabeled, *geometry, *_base_.unlabeled_views])))
