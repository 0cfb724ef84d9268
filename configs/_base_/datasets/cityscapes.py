"""Cityscapes in `data/cityscapes`, 8 classes, COCO-style annotation files, COCO's mask AP."""
_base_ = './evaluation.py'

data_set = dict(
    root='data/cityscapes/',
    classes=('person', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle'),
    palette=[(220, 20, 60), (255, 0, 0), (0, 0, 142), (0, 0, 70), (0, 60, 100), (0, 80, 100),
             (0, 0, 230), (119, 11, 32)],
    splits='semi_anns/instancesonly_filtered_gtFine_train.{fold}@{percent}',
    val='annotations/instancesonly_filtered_gtFine_val.json',
    image_dirs=dict(labeled='leftImg8bit/train/', val='leftImg8bit/val/'))
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='Resize', scale=(2048, 1024), keep_ratio=True),
    _base_.test_pipeline[-1],
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
