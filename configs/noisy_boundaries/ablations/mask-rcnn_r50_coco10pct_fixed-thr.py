"""Noisy Boundaries, COCO 10 %, with fixed thresholds: 0.7 for boxes, 0.5 for pixels.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_r50_coco10pct_fixed-thr.py --gpus 8

No published AP.
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_coco10pct.py'

pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_r50_coco10pct_fixed-thr/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))

self_training = dict(box_thr=0.7, pixel_thr=0.5)
