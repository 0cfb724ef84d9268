"""PL-DC, Mask2Former with mmpretrain's ConvNeXt-T, COCO with 10 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_convnext-tiny_coco10pct.py 4

How to use any backbone of mmpretrain; frozen like the paper's R50.
Published: no AP for this backbone (R50: 36.5 mask AP, Table 1).
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

custom_imports = dict(imports=['mmssis', 'mmpretrain.models'], allow_failed_imports=False)
checkpoint = 'https://mmassets.onedl.ai/mmclassification/v0/convnext/downstream/convnext-tiny_3rdparty_32xb128-noema_in1k_20220301-795e9634.pth'  # noqa: E501
model = dict(
    detector=dict(
        backbone=dict(
            _delete_=True,
            type='mmpretrain.ConvNeXt',
            arch='tiny',
            out_indices=(0, 1, 2, 3),
            drop_path_rate=0.0,
            layer_scale_init_value=1.0,
            gap_before_final_norm=False,
            frozen_stages=4,
            init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.')),
        panoptic_head=dict(in_channels=[96, 192, 384, 768])))
