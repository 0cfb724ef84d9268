"""PAIS, K-Net, on 2 % of `animals`: 14 labeled images, 686 without labels; runs on a CPU.

    python tools/train.py configs/pais/knet_lite0_animals2pct.py

Preset: paper, c^4 and s^4 without factors, negatives weigh 1, lambda_u = 0.3; the factors of the
released code make this K-Net worse. A mask score of 0.85 in the place of the paper's 0.30: on
hidden images 55 % of what it keeps is right, against 40 %. No published AP. Run by us: see
docs/results.md.
"""
_base_ = [
    '../_base_/models/pais_knet_lite0.py',
    '../_base_/datasets/semi_animals_pais.py',
    '../_base_/schedules/pais_knet_cpu.py',
]

dual_threshold = dict(type='DualThresholdFilter', class_thr=0.35, mask_thr=0.85, min_area=0)
da_loss = dict(type='AligningWeights', alpha=4.0, beta=4.0)
model = dict(
    burn_in=_base_.burn_in, unsup_weight=0.3, pseudo_label_hooks=[dual_threshold, da_loss])
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.burn_in))
statistics = dict(
    type='PseudoLabelStatisticsHook', interval=20,
    hidden_ann_file='data/animals/annotations/instances_train.json')
custom_hooks = [*_base_.run_hooks[:3], statistics, _base_.run_hooks[-1], _base_.pais_ema]
