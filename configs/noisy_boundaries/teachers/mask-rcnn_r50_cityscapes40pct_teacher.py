"""Teacher of Noisy Boundaries, Mask R-CNN R50, Cityscapes with 40 % of the labels (fold 1).

    bash tools/dist_train.sh \
        configs/noisy_boundaries/teachers/mask-rcnn_r50_cityscapes40pct_teacher.py 4

Published: 27.7 mask AP on val (Table 1, supervised).
Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_cityscapes5pct_teacher.py'

train_dataloader = dict(
    dataset=dict(ann_file='semi_anns/instancesonly_filtered_gtFine_train.1@40.json'))
