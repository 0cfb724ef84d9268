"""PAIS, K-Net, on 5 % of `dsb2018`: 26 labeled images, 505 without labels; runs on a CPU.

    python tools/train.py configs/pais/knet_lite0_dsb2018_5pct.py

Every view is a whole image at up to the size of validation, and in 97 % of the images there are at
least as many kernels as nuclei. No published AP. Run by us (docs/results.md) with crops of 288, 100
kernels, and 2 labeled of 8 images; not run in this form.
"""
_base_ = [
    '../_base_/models/pais_knet_lite0.py',
    '../_base_/datasets/dsb2018.py',
    '../_base_/views/pais_cpu.py',
    '../_base_/schedules/pais_cpu.py',
]

split = dict(percent=5, fold=1)
image_size = (384, 384)
num_queries = 160
# One kernel per nucleus is learned from few pairs of an image; crops show fewer nuclei than
# validation does, and what K-Net learns on them does not carry over.
whole = [dict(_base_.resize, ratio_range=(0.8, 1.0)), _base_.flip]
train_dataloader = dict(
    batch_sampler=dict(labeled=4, unlabeled=4),
    dataset=dict(
        labeled=dict(pipeline=[*_base_.load_labeled, *whole, *_base_.labeled_views]),
        unlabeled=dict(
            pipeline=[
                *_base_.load_unlabeled,
                dict(_base_.unlabeled_views, unsup_student=[*whole, *_base_.strong]),
            ])))
auto_scale_lr = dict(base_batch_size=8)
# K-Net's head starts from nothing and learns slowly: on `animals`, with a burn-in of 900, 17 % of
# its pseudo labels were right at first and 4 % at the end (docs/notes/pais.md).
schedule = dict(max_iters=1800, burn_in=1200, val_interval=300)
