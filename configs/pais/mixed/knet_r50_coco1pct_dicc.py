"""PAIS on K-Net with PL-DC's category correction, COCO 1 %.

    bash tools/dist_train.sh configs/pais/mixed/knet_r50_coco1pct_dicc.py 4

No published AP for K-Net; 24.1 for "PAIS + DICC" on an unnamed detector (PL-DC Table 5h).
The correction stands before the weights, which then see the corrected class scores.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco1pct.py'

dicc = dict(
    type='ClipCategoryCorrection',
    classifier=dict(type='ClipRegionClassifier', model='RN50', pretrained='openai'))
model = dict(pseudo_label_hooks=[_base_.dual_threshold, dicc, _base_.da_loss])
