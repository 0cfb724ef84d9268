"""Views of images with boxes alone on a CPU: they fit into 192 x 192, 8 images.

Flip and scale are shared, nothing is cropped, as a box that a crop cuts no longer touches its
object. Teacher and student see the same picture.
"""
_base_ = './boxes.py'

image_size = (192, 192)
scale_jitter = (0.8, 1.0)

resize = dict(
    type='RandomResize',
    scale='image_size',
    ratio_range='scale_jitter',
    resize_type='Resize',
    keep_ratio=True)
views = dict(
    type='MultiBranch',
    branch_field=_base_.branch_field,
    unsup_teacher=[_base_.pack],
    unsup_student=[_base_.pack])
train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    batch_sampler=dict(boxes=8),
    dataset=dict(
        same_geometry=True,
        boxes=dict(filter_cfg=None, pipeline=[*_base_.load, resize, views])))
auto_scale_lr = dict(base_batch_size=8)
