"""Teacher of Noisy Boundaries, Mask R-CNN R50, the 7,000 images of BDD100K with masks.

    bash tools/dist_train.sh configs/noisy_boundaries/teachers/mask-rcnn_r50_bdd100k_teacher.py 8

Published: 21.6 mask AP on val (Table 5, supervised), format of the labels unknown.
15 750 iterations of 16 images are 36 epochs, as in BDD100K's model zoo.
Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_bdd100k.py'

max_iters = 15750

model = dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead')))
train_dataloader = dict(_delete_=True, **_base_.teacher_dataloader)
auto_scale_lr = dict(base_batch_size=16)

param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[10500, 14437],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=1500)
# A teacher has no teacher.
self_training = dict(_delete_=True)
