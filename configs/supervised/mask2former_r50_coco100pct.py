"""Supervised Mask2Former R50 on COCO train2017: the baseline of PL-DC.

    bash tools/dist_train.sh configs/supervised/mask2former_r50_coco100pct.py 4

Published: 43.5 mask AP on val2017 (Table 1).
Same data, views and batch as PL-DC; 73 750 iterations as in the released baseline configs.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

labeled_dataset = dict(
    _base_.labeled_dataset, ann_file='annotations/instances_train2017.json')
unlabeled_dataset = dict(
    _base_.unlabeled_dataset,
    ann_file='annotations/image_info_unlabeled2017.json',
    data_prefix=dict(img='unlabeled2017/'))
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))
