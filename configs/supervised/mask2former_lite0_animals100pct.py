"""Headroom of the `animals` runs: supervised with all 700 training images labeled.

    python tools/train.py configs/supervised/mask2former_lite0_animals100pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = './mask2former_lite0_animals2pct.py'

labeled_dataset = _base_.labeled_dataset
labeled_dataset.ann_file = 'annotations/instances_train.json'
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, _base_.unlabeled_dataset]))
