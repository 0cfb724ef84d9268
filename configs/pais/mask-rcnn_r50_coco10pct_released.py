"""PAIS, Mask R-CNN R50, COCO 10 %, with the settings of the released code where they differ.

    bash tools/dist_train.sh configs/pais/mask-rcnn_r50_coco10pct_released.py 4

Published: 31.0 mask AP on val2017 (Table 3), by one of the two recipes, paper or code.
Preset: released. Class threshold 0.5, no mask-IoU threshold, no class weights; 0.6 x 2.5 s^4 is the
paper's 1.5 s^4.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct.py'

class_thr = 0.5
model = dict(
    unsup_weight=0.6,
    candidates=dict(score_thr=class_thr),
    pseudo_label_hooks=[
        dict(type='DualThresholdFilter', class_thr=class_thr, mask_thr=0.0, min_area=0),
        dict(type='AligningWeights', alpha=None, beta=4.0, mask_reference=(0.4**0.25, 1.0)),
    ])
