"""Supervised baseline of PAIS, K-Net, on all 700 images of `animals`: the headroom.

    python tools/train.py configs/supervised/knet_lite0_animals100pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = './knet_lite0_animals2pct.py'

labeled_dataset = dict(_base_.labeled_dataset, ann_file='annotations/instances_train.json')
train_dataloader = dict(
    dataset=dict(datasets=[labeled_dataset, _base_.unlabeled_dataset]))
