"""Rank statistics of query embeddings on PL-DC: a weight per instance, none per pixel.

    bash tools/dist_train.sh \
        configs/rank_statistics/ablations/mask2former_r50_coco1pct_query-level.py 4

No published AP. Not run by us at this scale.
"""
_base_ = '../mask2former_r50_coco1pct.py'

query_ranks = dict(
    type='QueryRankWeights',
    layer='panoptic_head.transformer_decoder.post_norm',
    channels=256,
    num_classes=80,
    k=5,
    bank_size=256,
    offset=0.25)
model = dict(pseudo_label_hooks=[_base_.ddtf, _base_.dicc, _base_.pmua, query_ranks])
