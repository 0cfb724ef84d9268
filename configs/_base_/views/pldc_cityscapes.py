"""Views of PL-DC on Cityscapes: shortest edge 512 to 2048, crop 512 x 1024, half the batch.

mmdet's `scales` and `crop_size` are (width, height).
"""
_base_ = './pldc.py'

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
    batch_sampler=dict(labeled=1, unlabeled=1),
    dataset=dict(
        labeled=dict(pipeline=[*_base_.load_labeled, *geometry, *_base_.labeled_views]),
        unlabeled=dict(pipeline=[*_base_.load_unlabeled, *geometry, *_base_.unlabeled_views])))
auto_scale_lr = dict(base_batch_size=8)
