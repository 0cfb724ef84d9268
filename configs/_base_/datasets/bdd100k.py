"""BDD100K: 7,000 images with masks, 67,000 without, 8 classes; labels made from the bitmasks.

Unpack images and labels to `data/bdd100k`, then

    python tools/dataset_converters/bdd100k_to_coco.py data/bdd100k

AP depends on the label format (see that tool): name it with every number. The unlabeled images are
made by no split: a config names them. Tested at 1280 x 720, which is ours; the paper gives no size.
"""
_base_ = './evaluation.py'

data_set = dict(
    root='data/bdd100k/',
    classes=('pedestrian', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle'),
    palette=[(220, 20, 60), (255, 0, 0), (0, 0, 142), (0, 0, 70), (0, 60, 100), (0, 80, 100),
             (0, 0, 230), (119, 11, 32)],
    labeled='annotations/ins_seg_train_bitmasks.json',
    val='annotations/ins_seg_val_bitmasks.json',
    image_dirs=dict(
        labeled='images/10k/train/', unlabeled='images/100k/train/', val='images/10k/val/'))
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='Resize', scale=(1280, 720), keep_ratio=True),
    _base_.test_pipeline[-1],
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
