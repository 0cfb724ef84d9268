"""PAIS, Mask R-CNN R50, COCO train2017 and, unlabeled, unlabeled2017.

    bash tools/dist_train.sh configs/pais/mask-rcnn_r50_coco100pct.py 4

Published: 39.5 mask AP on val2017 (Table 4; supervised with the same views 37.5).
The schedule of the other fractions. No config of this run was released; the name of one says 540k
iterations: `--cfg-options schedule.max_iters=540000`.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct.py'

data_set = dict(
    labeled='annotations/instances_train2017.json',
    unlabeled='annotations/image_info_unlabeled2017.json',
    image_dirs=dict(unlabeled='unlabeled2017/'))
