"""Rank statistics on a plain mean teacher, Mask2Former R50, COCO with 1 % of the labels (fold 1).

    bash tools/dist_train.sh configs/rank_statistics/mask2former_r50_coco1pct_mean-teacher.py 4

Preset: transfer of the paper's row "PPW" (Table 3), which has a mean teacher too. The mask's
cross-entropy is divided by the mean weight of the batch, as the released code divides by the sum.
Dice, which the code lacks, reads the weights too (ours): it is a ratio, so that they count within
a mask, and a mask that weighs little as a whole keeps its dice loss.
No published AP for instances.
Hardware: four RTX 3090 in PL-DC's paper; hours unknown. Not run by us at this scale.
"""
_base_ = '../mean_teacher/mask2former_r50_coco1pct.py'

ranks = dict(
    type='RankStatisticsWeights',
    layer='panoptic_head.pixel_decoder.output_convs.0',
    channels=256,
    num_classes=80,
    k=5,
    bank_size=256,
    offset=0.25)
model = dict(
    detector=dict(panoptic_head=dict(normalize_pixel_weights=True, weight_dice_by_pixel=True)),
    pseudo_label_hooks=[_base_.coupled, ranks])
