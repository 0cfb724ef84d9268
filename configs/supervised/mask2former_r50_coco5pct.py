"""Supervised Mask2Former R50 on 5 % of COCO train2017 (fold 1): the baseline of PL-DC.

    bash tools/dist_train.sh configs/supervised/mask2former_r50_coco5pct.py 4

Published: 26.0 mask AP on val2017 (Table 1).
Same data, views and batch as PL-DC; 73 750 iterations as in the released baseline configs.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

split = 'semi_anns/instances_train2017.1@5'
labeled_dataset = dict(_base_.labeled_dataset, ann_file=split + '.json')
unlabeled_dataset = dict(_base_.unlabeled_dataset, ann_file=split + '-unlabeled.json')
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))
