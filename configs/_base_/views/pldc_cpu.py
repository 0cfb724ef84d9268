"""Views of PL-DC on a CPU: 192 x 192, 4 labeled images in a weak and a strong view, 8 unlabeled."""
_base_ = './pldc.py'

image_size = (192, 192)
scale_jitter = (0.6, 1.5)
train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    batch_sampler=dict(labeled=4, unlabeled=8))
auto_scale_lr = dict(base_batch_size=12)
