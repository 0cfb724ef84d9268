"""Plain mean teacher, Mask2Former R50, COCO train2017 with 1 % of the labels (fold 1).

    bash tools/dist_train.sh configs/mean_teacher/mask2former_r50_coco1pct.py 4

PL-DC's data, model and schedule with one threshold, 0.9 x 0.85, on class score x mask score: no
mask threshold of its own, no category correction, no pixel weights.
No published AP at this length (20.7 after 73 750 iterations, PL-DC Table 3).
Hardware: four RTX 3090 in PL-DC's paper; hours unknown. Not run by us at this scale.
"""
_base_ = '../pldc/mask2former_r50_coco1pct.py'

model = dict(
    type='SemiInstanceSegmentor',
    pseudo_label_hooks=dict(
        _delete_=True,
        coupled=dict(type='CoupledThresholdFilter', score_thr=0.765, min_area=5)))
