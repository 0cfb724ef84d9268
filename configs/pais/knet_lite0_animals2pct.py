"""PAIS, K-Net, on 2 % of `animals`: 14 labeled images, 686 without labels; runs on a CPU.

    python tools/train.py configs/pais/knet_lite0_animals2pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = [
    '../_base_/models/pais_knet_lite0.py',
    '../_base_/datasets/semi_animals_pais.py',
    '../_base_/schedules/pais_cpu.py',
]

model = dict(burn_in=_base_.burn_in)
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.burn_in))
statistics = dict(
    type='PseudoLabelStatisticsHook', interval=20,
    hidden_ann_file='data/animals/annotations/instances_train.json')
custom_hooks = [*_base_.run_hooks[:3], statistics, _base_.run_hooks[-1], _base_.pais_ema]
