"""PAIS, K-Net, on 5 % of `dsb2018`: 26 labeled images, 505 without labels; runs on a CPU.

    python tools/train.py configs/pais/knet_lite0_dsb2018_5pct.py

Views are a little larger than Mask R-CNN's. No published AP. Run by us, shortened: see
docs/results.md.
"""
_base_ = [
    '../_base_/models/pais_knet_lite0.py',
    '../_base_/datasets/semi_dsb2018_pais_large.py',
    '../_base_/schedules/pais_knet_cpu.py',
]

num_classes = 1
model = dict(
    burn_in=_base_.burn_in,
    detector=dict(
        kernel_head=dict(num_classes=num_classes, num_kernels=100),
        update_head=dict(num_classes=num_classes),
        test_cfg=dict(max_per_img=100)))
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.burn_in))
statistics = dict(
    type='PseudoLabelStatisticsHook', interval=20,
    hidden_ann_file='data/dsb2018/annotations/instances_train.json')
custom_hooks = [*_base_.run_hooks[:3], statistics, _base_.run_hooks[-1], _base_.pais_ema]
