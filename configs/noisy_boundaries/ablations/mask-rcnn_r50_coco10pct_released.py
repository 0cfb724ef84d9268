"""Noisy Boundaries, COCO 10 %, with the settings of the released code where they differ.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_r50_coco10pct_released.py --gpus 8

Published: 29.2 mask AP on val2017 (Table 4), by one of the two recipes, paper or code.
Preset: released. No boundary map: its loss is a number before the map multiplies it, so that the
mask losses weigh 3. Pixel threshold 0.44; no box below 0.1; the teacher's schedule.
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_coco10pct.py'

model = dict(
    roi_head=dict(boundary_map=None, mask_head=dict(loss_mask=dict(loss_weight=3.0))))
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_r50_coco10pct_released/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))

self_training = dict(
    teacher='configs/noisy_boundaries/teachers/mask-rcnn_r50_coco10pct_teacher_released.py',
    pixel_thr=0.44,
    score_floor=0.1)
