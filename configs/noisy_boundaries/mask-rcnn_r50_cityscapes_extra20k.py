"""Noisy Boundaries, Mask R-CNN R50, all of Cityscapes and 20,000 coarse images as unlabeled.

    python tools/dataset_converters/cityscapes_to_coco.py data/cityscapes --unlabeled train_extra
    python tools/self_train.py \
        configs/noisy_boundaries/mask-rcnn_r50_cityscapes_extra20k.py --gpus 4

Published: 39.3 mask AP on val (Table 2; supervised with the same augmentation 34.7).
The coarse labels are not read. The paper does not give the schedule; 90 000 iterations show every
coarse image 18 times, as the released 21 424 show those of 80 % of the training set 36 times.
Teacher: 24 000 iterations of 8 images, as in mmdet's configs.
Hardware: four GPUs for these batches; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_cityscapes5pct.py'

data_set = dict(
    labeled='annotations/instancesonly_filtered_gtFine_train.json',
    unlabeled='annotations/image_info_train_extra.json',
    image_dirs=dict(
        labeled='leftImg8bit/train/', unlabeled='leftImg8bit/train_extra/',
        val='leftImg8bit/val/'))
param_scheduler = [dict(_base_.step, end=90000, milestones=[78750]), _base_.warm_up]
train_cfg = dict(max_iters=90000, val_interval=5000)
supervised = dict(
    param_scheduler=[dict(_base_.step, end=24000, milestones=[21000]), _base_.warm_up],
    train_cfg=dict(max_iters=24000, val_interval=2000))
