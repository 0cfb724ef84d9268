"""Naive self-training, CondInst R50, COCO train2017 with boxes alone, 1x.

    bash tools/dist_train.sh configs/box_teacher/self-training_r50_coco.py 8

Published: 31.0 mask AP on val2017 (Table 7), in two stages: BoxInst's masks, then CondInst on them.
Here in one run: masks of the moving average are assigned in the order of the class score (Alg. 1)
and count fully, there is no affinity loss. BoxInst's losses stay.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './condinst_r50_coco.py'

assign = dict(_base_.assign, sort_by='class', weigh=False)
model = dict(
    detector=dict(mask_head=dict(pseudo_mask_weight=1.0, affinity_weight=0.0)),
    pseudo_label_hooks=[assign])
