"""Noisy Boundaries, Mask R-CNN R50, COCO train2017 and, unlabeled, unlabeled2017.

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_coco100pct.py --gpus 8

Published: 38.6 mask AP on val2017 (Table 4; supervised with the same augmentation 37.1).
Teacher: 90 000 iterations of 16 images, 12 epochs as released.
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct.py'

data_set = dict(
    labeled='annotations/instances_train2017.json',
    unlabeled='annotations/image_info_unlabeled2017.json',
    image_dirs=dict(unlabeled='unlabeled2017/'))
supervised = dict(schedule=dict(max_iters=90000))
