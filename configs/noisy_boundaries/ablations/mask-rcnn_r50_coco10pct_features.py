"""Noisy Boundaries, COCO 10 %, fusing features as in the paper's Fig. 4 in place of logits.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_r50_coco10pct_features.py --gpus 8

No published AP.
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_coco10pct.py'

model = dict(roi_head=dict(mask_head=dict(fuse='features')))
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_r50_coco10pct_features/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))
