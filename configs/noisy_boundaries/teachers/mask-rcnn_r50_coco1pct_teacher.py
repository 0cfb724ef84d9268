"""Teacher of Noisy Boundaries, Mask R-CNN R50, COCO train2017, 1 % of the labels (fold 1).

    bash tools/dist_train.sh configs/noisy_boundaries/teachers/mask-rcnn_r50_coco1pct_teacher.py 8

Published: 3.5 mask AP on val2017 (Table 4, supervised), on the released schedule of 12 epochs.
Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct_teacher.py'

train_dataloader = dict(dataset=dict(ann_file='semi_anns/instances_train2017.1@1.json'))
