"""Noisy Boundaries, Mask R-CNN R50, COCO train2017 with 5 % of the labels (fold 1).

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_coco5pct.py --gpus 8

Published: 24.9 mask AP on val2017 (Table 4; supervised with the same augmentation 17.4).
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct.py'

split = dict(percent=5)
