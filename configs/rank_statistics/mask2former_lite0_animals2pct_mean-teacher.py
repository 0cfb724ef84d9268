"""Rank statistics on a plain mean teacher, 2 % of `animals`; runs on a CPU.

    python tools/train.py configs/rank_statistics/mask2former_lite0_animals2pct_mean-teacher.py

The mask's cross-entropy is divided by the batch's mean weight, and dice reads the weights within
each mask, as on COCO.
No published AP. Run by us, shortened: see docs/results.md.
"""
_base_ = '../mean_teacher/mask2former_lite0_animals2pct.py'

ranks = dict(
    type='RankStatisticsWeights',
    layer='panoptic_head.pixel_decoder.output_convs.0',
    channels=128,
    num_classes=7,
    k=5,
    bank_size=256,
    offset=0.25,
    labeled_interval=5,
    samples_per_image=4)
model = dict(
    detector=dict(panoptic_head=dict(normalize_pixel_weights=True, weight_dice_by_pixel=True)),
    pseudo_label_hooks=[_base_.coupled, ranks])
