"""Supervised Mask2Former R50 on 10 % of Cityscapes (fold 1): the baseline of PL-DC.

    bash tools/dist_train.sh configs/supervised/mask2former_r50_cityscapes10pct.py 4

Published: 18.8 mask AP (COCO metric) on val (Table 2).
Same data, views, batch and 180 000 iterations as PL-DC.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_cityscapes5pct.py'

split = 'semi_anns/instancesonly_filtered_gtFine_train.1@10'
labeled_dataset = dict(_base_.labeled_dataset, ann_file=split + '.json')
unlabeled_dataset = dict(_base_.unlabeled_dataset, ann_file=split + '-unlabeled.json')
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))
