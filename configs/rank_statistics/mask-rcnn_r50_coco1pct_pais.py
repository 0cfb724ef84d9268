"""Rank statistics on PAIS, Mask R-CNN R50, COCO train2017 with 1 % of the labels (fold 1).

    bash tools/dist_train.sh configs/rank_statistics/mask-rcnn_r50_coco1pct_pais.py 4

The finest level of the pyramid; its features have signs, and channels are ranked by value.
No published AP.
Hardware: four GPUs in PAIS's paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../pais/mask-rcnn_r50_coco1pct.py'

model = dict(
    pseudo_label_hooks=dict(
        ranks=dict(
            type='RankStatisticsWeights',
            layer='neck.fpn_convs.0',
            channels=256,
            num_classes=80,
            k=5,
            bank_size=256,
            offset=0.25)))
