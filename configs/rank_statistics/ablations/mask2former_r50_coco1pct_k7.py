"""Rank statistics on PL-DC with k = 7 channels.

    bash tools/dist_train.sh configs/rank_statistics/ablations/mask2former_r50_coco1pct_k7.py 4

No published AP; on VOC 5 and 7 are the paper's best (Fig. 7). Not run by us at this scale.
"""
_base_ = '../mask2former_r50_coco1pct.py'

ranks = dict(_base_.ranks, k=7)
model = dict(pseudo_label_hooks=[_base_.ddtf, _base_.dicc, _base_.pmua, ranks])
