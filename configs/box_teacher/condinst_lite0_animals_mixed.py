"""BoxTeacher on `animals` with mixed labels: 14 images with masks, 343 boxes, 343 nothing.

    python tools/train.py configs/box_teacher/condinst_lite0_animals_mixed.py

Masks: the 2 % of fold 1. Of the other 686 images, in the order of their ids, those at even places
have their boxes, those at odd places nothing. For 150 updates masks and boxes alone are learned;
then the teacher gives the boxes masks, and the images without labels what it is sure of.
No published AP. Run by us, shortened: see docs/results.md.
"""
_base_ = './condinst_lite0_animals.py'

others = 'semi_anns/instances_train.1@2-unlabeled.json'
data_set = dict(labeled='semi_anns/instances_train.1@2.json', unlabeled=others)

branches = ['sup', *_base_.branch_field]
views = dict(_base_.views, branch_field=branches)
flip = dict(type='RandomFlip', prob=0.5)
drop_empty = dict(
    type='FilterAnnotations', min_gt_bbox_wh=(1e-5, 1e-5), by_mask=True, keep_empty=False)
# 2 images with masks, 3 with boxes, 3 without labels.
train_dataloader = dict(
    batch_sampler=dict(labeled=2, boxes=3, unlabeled=3),
    dataset=dict(
        labeled=dict(
            type='CocoDataset',
            filter_cfg=dict(filter_empty_gt=True),
            pipeline=[
                dict(type='LoadImageRobust'),
                dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
                flip,
                drop_empty,
                _base_.resize,
                dict(type='MultiBranch', branch_field=branches, sup=[_base_.pack]),
            ]),
        boxes=dict(
            images_from=others,
            indices=list(range(0, 686, 2)),
            pipeline=[*_base_.load, _base_.resize, views]),
        unlabeled=dict(
            type='UnlabeledCocoDataset',
            indices=list(range(1, 686, 2)),
            pipeline=[
                dict(type='LoadImageRobust'),
                dict(type='LoadEmptyAnnotations', with_bbox=True),
                flip,
                _base_.resize,
                views,
            ])))

# The boxes that the teacher detects stay: a filter that judges masks would replace them.
model = dict(
    pseudo_label_hooks=dict(
        unlabeled_filter=dict(
            type='ClassThresholdFilter', class_thr=0.5, min_area=0, only='unlabeled')))
schedule = dict(burn_in=150)
