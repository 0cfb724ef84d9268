"""Rank statistics on PL-DC, Mask2Former R50, COCO train2017 with 1 % of the labels (fold 1).

    bash tools/dist_train.sh configs/rank_statistics/mask2former_r50_coco1pct.py 4

Pixel weights (0.25 + s/k) / 1.25 times PL-DC's 1 - u; the losses are PL-DC's.
No published AP: the paper is about semantic segmentation. Measure first whether it is worth it:
tools/analysis_tools/rank_statistics.py on a PL-DC checkpoint. With a detector's agreement, on a
mean teacher, other k: metafile.yml.
Hardware: four RTX 3090 in PL-DC's paper; hours unknown. Not run by us at this scale.
"""
_base_ = '../pldc/mask2former_r50_coco1pct.py'

model = dict(
    pseudo_label_hooks=dict(
        ranks=dict(
            type='RankStatisticsWeights',
            layer='panoptic_head.pixel_decoder.output_convs.0',
            channels=256,
            num_classes=80,
            k=5,
            bank_size=256,
            offset=0.25)))
