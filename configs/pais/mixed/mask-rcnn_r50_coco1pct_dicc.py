"""PAIS on Mask R-CNN with PL-DC's category correction, COCO 1 % (PL-DC Table 5, row h).

    bash tools/dist_train.sh configs/pais/mixed/mask-rcnn_r50_coco1pct_dicc.py 4

Published: 24.1 mask AP on val2017 (PL-DC Table 5h; its text says Faster R-CNN).
The correction stands before the weights, which then see the corrected class scores.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_coco1pct.py'

dicc = dict(
    type='ClipCategoryCorrection',
    classifier=dict(type='ClipRegionClassifier', model='RN50', pretrained='openai'))
model = dict(pseudo_label_hooks=[_base_.dual_threshold, dicc, _base_.da_loss])
