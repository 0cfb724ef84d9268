"""PAIS, Mask R-CNN, on 5 % of `dsb2018`: 26 labeled images, 505 without labels; runs on a CPU.

    python tools/train.py configs/pais/mask-rcnn_lite0_dsb2018_5pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = [
    '../_base_/models/pais_mask-rcnn_lite0.py',
    '../_base_/datasets/semi_dsb2018_pais.py',
    '../_base_/schedules/pais_cpu.py',
]

num_classes = 1
model = dict(
    burn_in=_base_.burn_in,
    detector=dict(
        roi_head=dict(
            bbox_head=dict(num_classes=num_classes), mask_head=dict(num_classes=num_classes)),
        train_cfg=dict(rpn_proposal=dict(max_per_img=500)),
        test_cfg=dict(rpn=dict(max_per_img=500), rcnn=dict(max_per_img=100))))
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.burn_in))
statistics = dict(
    type='PseudoLabelStatisticsHook', interval=20,
    hidden_ann_file='data/dsb2018/annotations/instances_train.json')
custom_hooks = [*_base_.run_hooks[:3], statistics, _base_.run_hooks[-1], _base_.pais_ema]
