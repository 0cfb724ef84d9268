"""BoxTeacher, CondInst Swin-B, COCO train2017 with boxes alone, 3x, with strong augmentation.

    bash tools/dist_train.sh configs/box_teacher/condinst_swin-base_coco_3x.py 8

Published: 40.2 mask AP on val2017 (released code; 40.6 on test-dev, Table 1).
The paper does not say what the backbone was trained on before; here it is ImageNet-1k.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_r50.py',
    '../_base_/datasets/box_coco_instance.py',
    '../_base_/schedules/box_teacher_adamw_270k.py',
]

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

box_dataset = dict(_base_.box_dataset, pipeline=_base_.strongv2_pipeline)
train_dataloader = dict(dataset=dict(datasets=[box_dataset]))
