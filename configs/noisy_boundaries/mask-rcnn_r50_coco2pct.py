"""Noisy Boundaries, Mask R-CNN R50, COCO train2017 with 2 % of the labels (fold 1).

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_coco2pct.py --gpus 8

Published: 16.3 mask AP on val2017 (Table 4; supervised with the same augmentation 9.5).
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct.py'

split = dict(percent=2)
