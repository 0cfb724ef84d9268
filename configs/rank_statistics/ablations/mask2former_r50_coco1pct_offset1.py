"""Rank statistics on PL-DC with the released code's weight 1 + s/k, here divided by 2.

    bash tools/dist_train.sh configs/rank_statistics/ablations/mask2former_r50_coco1pct_offset1.py 4

No published AP. Not run by us at this scale.
"""
_base_ = '../mask2former_r50_coco1pct.py'

ranks = dict(_base_.ranks, offset=1.0)
model = dict(pseudo_label_hooks=[_base_.ddtf, _base_.dicc, _base_.pmua, ranks])
