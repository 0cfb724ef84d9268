"""Views of Noisy Boundaries on a CPU: 192 x 192, 4 labeled and 2 pseudo-labeled images.

The erased rectangles have the proportion that they have on COCO.
"""
_base_ = './noisy_boundaries.py'

image_size = (192, 192)
scale_jitter = (0.6, 1.5)

geometry = [
    _base_.flip,
    dict(
        type='RandomResize',
        scale='image_size',
        ratio_range='scale_jitter',
        resize_type='Resize',
        keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_size='crop_size',
        crop_type='absolute',
        recompute_bbox=True,
        allow_negative_crop=True),
]
cutout = dict(
    _base_.strong.transforms[1],
    cutout_shape=[(0, 0), (5, 3), (10, 6), (19, 12), (29, 17), (38, 23)],
    fill_in=(127, 127, 127))
strong = dict(type='Compose', transforms=[_base_.strong.transforms[0], cutout])
student_views = [_base_.drop_empty, strong, _base_.pack]
# The teacher's: flip, scale jitter and crop alone.
plain_pipeline = [*_base_.load, *geometry, _base_.drop_empty, _base_.pack]
train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    batch_sampler=dict(labeled=4, pseudo=2),
    dataset=dict(
        labeled=dict(pipeline=[*_base_.load, *geometry, *student_views]),
        pseudo=dict(pipeline=[*_base_.load, *geometry, *student_views])))
auto_scale_lr = dict(base_batch_size=6)
