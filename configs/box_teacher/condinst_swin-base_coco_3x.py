"""BoxTeacher, CondInst Swin-B, COCO train2017 with boxes alone, 3x, with strong augmentation.

    bash tools/dist_train.sh configs/box_teacher/condinst_swin-base_coco_3x.py 8

Published: 40.2 mask AP on val2017 (released code; 40.6 on test-dev, Table 1).
The paper does not say what the backbone was trained on before; here it is ImageNet-1k.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './condinst_r50_coco_3x.py'

checkpoint = 'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_base_patch4_window7_224.pth'  # noqa: E501
model = dict(
    detector=dict(
        backbone=dict(
            _delete_=True,
            type='SwinTransformer',
            embed_dims=128,
            depths=[2, 2, 18, 2],
            num_heads=[4, 8, 16, 32],
            window_size=7,
            drop_path_rate=0.2,
            # An output that the neck does not read has a norm that never learns: DDP fails.
            out_indices=(1, 2, 3),
            convert_weights=True,
            init_cfg=dict(type='Pretrained', checkpoint=checkpoint)),
        neck=dict(in_channels=[256, 512, 1024], start_level=0)))
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=1e-4, weight_decay=0.05),
    paramwise_cfg=dict(
        custom_keys=dict(
            absolute_pos_embed=dict(decay_mult=0.0),
            relative_position_bias_table=dict(decay_mult=0.0)),
        norm_decay_mult=0.0))
