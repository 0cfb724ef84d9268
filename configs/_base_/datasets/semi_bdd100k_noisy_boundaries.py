"""BDD100K: 7,000 images with masks, 67,000 without, 8 classes; labels made from the bitmasks.

Unpack images and labels to `data/bdd100k`, then

    python tools/dataset_converters/bdd100k_to_coco.py data/bdd100k

AP depends on the label format (see that tool): name it with every number. Sizes are ours, the paper
gives none: short side 480 to 720, tested at 720. All else as on COCO.
"""
_base_ = './semi_coco_instance_noisy_boundaries.py'

data_root = 'data/bdd100k/'
metainfo = dict(
    classes=('pedestrian', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle'),
    palette=[(220, 20, 60), (255, 0, 0), (0, 0, 142), (0, 0, 70), (0, 60, 100), (0, 80, 100),
             (0, 0, 230), (119, 11, 32)])

resize = dict(_base_.resize, scale=[(1280, 480), (1280, 720)])
student_pipeline = [*_base_.load, resize, *_base_.student_pipeline[3:]]
plain_pipeline = [*_base_.load, resize, *_base_.plain_pipeline[3:]]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='Resize', scale=(1280, 720), keep_ratio=True),
    _base_.test_pipeline[-1],
]

train_set = dict(
    data_root=data_root,
    ann_file='annotations/ins_seg_train_bitmasks.json',
    data_prefix=dict(img='images/10k/train/'),
    metainfo=metainfo)
labeled_dataset = dict(_base_.labeled_dataset, pipeline=student_pipeline, **train_set)
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    data_prefix=dict(img='data/bdd100k/images/100k/train/'),
    metainfo=metainfo,
    pipeline=student_pipeline)
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, pseudo_dataset]))
teacher_dataloader = dict(dataset=dict(pipeline=plain_pipeline, **train_set))

val_ann_file = 'annotations/ins_seg_val_bitmasks.json'
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file=val_ann_file,
        data_prefix=dict(img='images/10k/val/'),
        metainfo=metainfo,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + val_ann_file)
test_evaluator = val_evaluator
