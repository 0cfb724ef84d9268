"""PL-DC, Mask2Former R50, Cityscapes with 30 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes30pct.py 4

Published: 37.6 mask AP (COCO metric) on val (Table 2; supervised 29.6).
Preset: paper, batch 4 + 4 (the released config has 8 + 8); LR step of the released code.
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_cityscapes5pct.py'

split = 'semi_anns/instancesonly_filtered_gtFine_train.1@30'
labeled_dataset = dict(_base_.labeled_dataset, ann_file=split + '.json')
unlabeled_dataset = dict(_base_.unlabeled_dataset, ann_file=split + '-unlabeled.json')
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))
