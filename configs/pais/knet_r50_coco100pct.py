"""PAIS, K-Net R50, COCO train2017 and, unlabeled, unlabeled2017.

    bash tools/dist_train.sh configs/pais/knet_r50_coco100pct.py 4

Published: 40.8 mask AP on val2017 (Table 4; supervised with the same views 38.4).
The paper's schedule, that of the other fractions. The only config released for all labels, without
DALoss, trains 720k iterations: `--cfg-options schedule.max_iters=720000`.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './knet_r50_coco10pct.py'

data_set = dict(
    labeled='annotations/instances_train2017.json',
    unlabeled='annotations/image_info_unlabeled2017.json',
    image_dirs=dict(unlabeled='unlabeled2017/'))
