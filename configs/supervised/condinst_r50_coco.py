"""Supervised CondInst R50 on COCO train2017 with masks, 1x: 90 000 iterations, batch 16.

    bash tools/dist_train.sh configs/supervised/condinst_r50_coco.py 8

The upper bound of BoxTeacher. Published: 36.2 mask AP on val2017 (BoxTeacher, Table 8). mmdet's
model zoo has 36.0 with 8 mask channels in place of 16, all points in place of the best 64 of an
image, and a backbone whose batch norm learns scales and shifts; here it is frozen. Not run by us.
"""
_base_ = [
    '../_base_/models/condinst_r50.py', 'mmdet::common/ms-poly-90k_coco-instance.py'
]

custom_imports = dict(imports=['mmssis'], allow_failed_imports=False)

optim_wrapper = dict(optimizer=dict(lr=0.01))
