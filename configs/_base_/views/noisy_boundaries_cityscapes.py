"""Views of Noisy Boundaries on Cityscapes: short side 800 to 1024, long side at most 2048.

As on COCO, except for the sizes, of student and teacher, and for larger erased rectangles.
"""
_base_ = './noisy_boundaries.py'

resize = dict(
    type='RandomResize', scale=[(2048, 800), (2048, 1024)], resize_type='Resize', keep_ratio=True)
cutout = dict(
    _base_.strong.transforms[1],
    cutout_shape=[(0, 0), (60, 30), (120, 60), (200, 100), (300, 150), (400, 200)])
strong = dict(type='Compose', transforms=[_base_.strong.transforms[0], cutout])
student_views = [_base_.flip, _base_.drop_empty, strong, _base_.pack]
train_dataloader = dict(
    dataset=dict(
        labeled=dict(pipeline=[*_base_.load, resize, *student_views]),
        pseudo=dict(pipeline=[*_base_.load, resize, *student_views])))
# 4 GPUs.
auto_scale_lr = dict(base_batch_size=12)
