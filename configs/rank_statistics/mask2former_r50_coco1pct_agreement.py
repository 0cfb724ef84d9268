"""Rank statistics with detector agreement on PL-DC, Mask2Former R50, COCO 1 % (fold 1).

    bash tools/dist_train.sh configs/rank_statistics/mask2former_r50_coco1pct_agreement.py 4

`boxes_file` holds the boxes of a detector of your own, trained on the same 1 %; a run that lacks
it says how to make it. Pixels of instances that a box agrees with enter the prototypes; the class
weight of the others is halved. No published AP.
Hardware: four RTX 3090 in PL-DC's paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco1pct.py'

agreement = dict(
    type='DetectorAgreement',
    boxes_file='data/coco/detections/faster-rcnn_r50_coco1pct_unlabeled.bbox.json',
    ann_file=_base_.unlabeled_dataset.data_root + _base_.unlabeled_dataset.ann_file,
    score_thr=0.9)
ranks = dict(_base_.ranks, instance_weights=True, disagreement=0.5)
model = dict(pseudo_label_hooks=[_base_.ddtf, _base_.dicc, _base_.pmua, agreement, ranks])
