"""PAIS, Mask R-CNN, on 5 % of `dsb2018`: 26 labeled images, 505 without labels; runs on a CPU.

    python tools/train.py configs/pais/mask-rcnn_lite0_dsb2018_5pct.py

No published AP. Run by us (docs/results.md), with
`model.candidates.separate_negatives=False`.
"""
_base_ = [
    '../_base_/models/pais_mask-rcnn_lite0.py',
    '../_base_/datasets/dsb2018.py',
    '../_base_/views/pais_cpu.py',
    '../_base_/schedules/pais_cpu.py',
]

split = dict(percent=5, fold=1)
image_size = (320, 320)
crop_size = (256, 256)
train_dataloader = dict(batch_sampler=dict(labeled=2, unlabeled=6))
auto_scale_lr = dict(base_batch_size=8)
schedule = dict(burn_in=150)
model = dict(
    detector=dict(
        train_cfg=dict(rpn_proposal=dict(max_per_img=500)),
        test_cfg=dict(rpn=dict(max_per_img=500), rcnn=dict(max_per_img=100))))
