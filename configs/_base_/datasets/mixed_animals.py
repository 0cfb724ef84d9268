"""`animals` with labels of three kinds: 14 images with masks, 343 with boxes, 343 with nothing.

Masks: the 2 % of fold 1. Of the other 686 images, in the order of their ids, those at even places
have their boxes, those at odd places nothing. Views as in `box_animals.py`.
"""
_base_ = './box_animals.py'

mixed_branches = ['sup', *_base_.box_branches]
views = dict(
    type='MultiBranch',
    branch_field=mixed_branches,
    unsup_teacher=[_base_.box_pack],
    unsup_student=[_base_.box_pack])
flip = dict(type='RandomFlip', prob=0.5)
mask_pipeline = [
    *_base_.labeled_pipeline[:2],
    flip,
    dict(
        type='FilterAnnotations', min_gt_bbox_wh=(1e-5, 1e-5), by_mask=True, keep_empty=False),
    _base_.resize,
    dict(type='MultiBranch', branch_field=mixed_branches, sup=[_base_.box_pack]),
]
others = 'semi_anns/instances_train.1@2-unlabeled.json'
num_others = 686

labeled_dataset = dict(_base_.labeled_dataset, pipeline=mask_pipeline)
box_dataset = dict(
    _base_.box_dataset,
    images_from=others,
    indices=list(range(0, num_others, 2)),
    pipeline=[*_base_.box_load, _base_.resize, views])
unlabeled_dataset = dict(
    _base_.unlabeled_dataset,
    ann_file=others,
    indices=list(range(1, num_others, 2)),
    pipeline=[
        _base_.unlabeled_pipeline[0],
        dict(type='LoadEmptyAnnotations', with_bbox=True),
        flip,
        _base_.resize,
        views,
    ])
# 2 images with masks, and 6 that have boxes or nothing.
train_dataloader = dict(
    batch_sampler=dict(source_ratio=[1, 3]),
    dataset=dict(
        datasets=[
            labeled_dataset,
            dict(type='ConcatDataset', datasets=[box_dataset, unlabeled_dataset]),
        ]))
