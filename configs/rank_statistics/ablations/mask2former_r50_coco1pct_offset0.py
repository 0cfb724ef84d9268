"""Rank statistics on PL-DC with the paper's weight s/k (Eq. 6): pixels may weigh nothing.

    bash tools/dist_train.sh configs/rank_statistics/ablations/mask2former_r50_coco1pct_offset0.py 4

No published AP. Not run by us at this scale.
"""
_base_ = '../mask2former_r50_coco1pct.py'

ranks = dict(_base_.ranks, offset=0.0)
model = dict(pseudo_label_hooks=[_base_.ddtf, _base_.dicc, _base_.pmua, ranks])
