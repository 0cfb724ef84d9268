"""PL-DC on 10 % of `animals`, otherwise as the 2 % config; runs on a CPU.

    python tools/train.py configs/pldc/mask2former_lite0_animals10pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = './mask2former_lite0_animals2pct.py'

labeled_dataset = _base_.labeled_dataset
unlabeled_dataset = _base_.unlabeled_dataset
labeled_dataset.ann_file = 'semi_anns/instances_train.1@10.json'
unlabeled_dataset.ann_file = 'semi_anns/instances_train.1@10-unlabeled.json'
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, unlabeled_dataset]))
