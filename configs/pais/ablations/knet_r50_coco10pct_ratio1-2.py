"""PAIS on K-Net, COCO 10 %, with labeled and unlabeled images 1 : 2 in a batch.

    bash tools/dist_train.sh configs/pais/ablations/knet_r50_coco10pct_ratio1-2.py 4

Published: 30.1 mask AP on val2017 (Table 9).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco10pct.py'

train_dataloader = dict(batch_size=3, batch_sampler=dict(source_ratio=[1, 2]))
auto_scale_lr = dict(base_batch_size=12)
