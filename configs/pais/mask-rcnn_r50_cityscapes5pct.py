"""PAIS, Mask R-CNN R50, Cityscapes with 5 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pais/mask-rcnn_r50_cityscapes5pct.py 4

Published: 18.0 mask AP on val (Table 2; supervised 11.3, Noisy Boundaries' number).
Schedule: 27 000 iterations with SGD, the second of the two released recipes, as the paper says.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/pais_mask-rcnn_r50.py',
    '../_base_/datasets/semi_cityscapes_instance_pais.py',
    '../_base_/schedules/pais_sgd_27k.py',
]

num_classes = 8
model = dict(
    detector=dict(
        roi_head=dict(
            bbox_head=dict(num_classes=num_classes), mask_head=dict(num_classes=num_classes))))
