"""GuidedDistillation, Mask2Former R50, Cityscapes with 20 % of the labels (fold 1).

    bash tools/dist_train.sh configs/supervised/mask2former_r50_cityscapes20pct.py 4 \
        --work-dir work_dirs/supervised/mask2former_r50_cityscapes20pct
    bash tools/dist_train.sh configs/guided_distillation/mask2former_r50_cityscapes20pct.py 4 --amp

Published: 33.1 mask AP on val (PL-DC Table 2; supervised 27.4), which is Cityscapes' own
metric; this config reports COCO's.
Preset: as mask2former_r50_cityscapes5pct.py.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_cityscapes5pct.py'

split = 'semi_anns/instancesonly_filtered_gtFine_train.1@20'
labeled_dataset = dict(_base_.labeled_dataset, ann_file=split + '.json')
unlabeled_dataset = dict(_base_.unlabeled_dataset, ann_file=split + '-unlabeled.json')
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))
guided_teacher = dict(
    _base_.guided_teacher,
    guide='work_dirs/supervised/mask2former_r50_cityscapes20pct/iter_180000.pth')
custom_hooks = [*_base_.run_hooks, guided_teacher]
