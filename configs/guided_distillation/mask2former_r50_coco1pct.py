"""GuidedDistillation, Mask2Former R50, COCO train2017 with 1 % of the labels (fold 1).

    bash tools/dist_train.sh configs/supervised/mask2former_r50_coco1pct.py 4 \
        --work-dir work_dirs/supervised/mask2former_r50_coco1pct
    bash tools/dist_train.sh configs/guided_distillation/mask2former_r50_coco1pct.py 4 --amp

Published: 21.5 mask AP on val2017 (PL-DC Table 1; supervised 13.5).
Preset: as mask2former_r50_coco10pct.py.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

split = 'semi_anns/instances_train2017.1@1'
labeled_dataset = dict(_base_.labeled_dataset, ann_file=split + '.json')
unlabeled_dataset = dict(_base_.unlabeled_dataset, ann_file=split + '-unlabeled.json')
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))
guided_teacher = dict(
    _base_.guided_teacher, guide='work_dirs/supervised/mask2former_r50_coco1pct/iter_73750.pth')
custom_hooks = [*_base_.run_hooks, guided_teacher]
