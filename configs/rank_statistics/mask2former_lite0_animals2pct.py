"""Rank statistics on PL-DC, 2 % of `animals`; runs on a CPU.

    python tools/train.py configs/rank_statistics/mask2former_lite0_animals2pct.py

Labeled images are looked at more often than on COCO, as the run is short. No published AP.
Run by us, shortened: see docs/results.md.
"""
_base_ = '../pldc/mask2former_lite0_animals2pct.py'

model = dict(
    pseudo_label_hooks=dict(
        ranks=dict(
            type='RankStatisticsWeights',
            layer='panoptic_head.pixel_decoder.output_convs.0',
            channels=128,
            num_classes=7,
            k=5,
            bank_size=256,
            offset=0.25,
            labeled_interval=5,
            samples_per_image=4)))
