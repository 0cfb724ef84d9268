"""`animals` with boxes alone for all 700 training images; see `semi_animals.py` for the data.

Views fit into 192 x 192: flip and scale are shared, nothing is cropped, as a box that a crop cuts
no longer touches its object. Teacher and student see the same picture.
"""
_base_ = ['./semi_animals.py', './box_views.py']

resize = dict(
    type='RandomResize',
    scale=_base_.image_size,
    ratio_range=(0.8, 1.0),
    resize_type='Resize',
    keep_ratio=True)
box_pipeline = [
    *_base_.box_load,
    resize,
    dict(
        type='MultiBranch',
        branch_field=_base_.box_branches,
        unsup_teacher=[_base_.box_pack],
        unsup_student=[_base_.box_pack]),
]
box_dataset = dict(
    type='BoxLabeledCocoDataset',
    data_root=_base_.data_root,
    metainfo=dict(classes=_base_.classes),
    ann_file='annotations/instances_train.json',
    data_prefix=dict(img='train/'),
    pipeline=box_pipeline)
train_dataloader = dict(
    batch_size=8,
    batch_sampler=dict(source_ratio=[1, 0], burn_in=0),
    dataset=dict(datasets=[box_dataset]))
