"""Rank statistics on PAIS, K-Net R50, COCO train2017 with 1 % of the labels (fold 1).

    bash tools/dist_train.sh configs/rank_statistics/knet_r50_coco1pct_pais.py 4

Features of stride 8 behind a ReLU, from which K-Net's own semantic segmentation is one 1x1
convolution away.
No published AP.
Hardware: four GPUs in PAIS's paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../pais/knet_r50_coco1pct.py'

model = dict(
    pseudo_label_hooks=dict(
        ranks=dict(
            type='RankStatisticsWeights',
            layer='kernel_head.sem_conv',
            channels=256,
            num_classes=80,
            k=5,
            bank_size=256,
            offset=0.25)))
