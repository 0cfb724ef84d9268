"""PAIS, K-Net, on 5 % of `dsb2018`: 26 labeled images, 505 without labels; runs on a CPU.

    python tools/train.py configs/pais/knet_lite0_dsb2018_5pct.py

Views are a little larger than Mask R-CNN's. No published AP. Run by us, shortened: see
docs/results.md.
"""
_base_ = [
    '../_base_/models/pais_knet_lite0.py',
    '../_base_/datasets/dsb2018.py',
    '../_base_/views/pais_cpu.py',
    '../_base_/schedules/pais_cpu.py',
]

split = dict(percent=5, fold=1)
# The share of an image that a crop shows is that of Mask R-CNN's smaller views: K-Net learns where
# its kernels look, and crops that show less do not carry over to whole images.
image_size = (384, 384)
crop_size = (288, 288)
num_queries = 100
train_dataloader = dict(batch_sampler=dict(labeled=2, unlabeled=6))
auto_scale_lr = dict(base_batch_size=8)
# K-Net's head starts from nothing and learns slowly: with a burn-in of 900 its pseudo labels were
# 14 % right and training broke down (docs/results.md).
schedule = dict(max_iters=1800, burn_in=1200, val_interval=300)
