"""Rank statistics with detector agreement on PL-DC, 2 % of `animals`; runs on a CPU.

    python tools/train.py configs/rank_statistics/mask2former_lite0_animals2pct_agreement.py

`boxes_file` holds the boxes of a detector that was trained on the same 14 images, for example
`configs/supervised/mask-rcnn_lite0_animals2pct.py`; a run that lacks it says how to make it. Of
that Mask R-CNN's boxes on the validation images 80 % are right from a score of 0.8 on (21 % of the
objects). Pixels in agreeing boxes enter the prototypes; the class weight of the other instances
is halved. No published AP. Not run by us yet.
"""
_base_ = './mask2former_lite0_animals2pct.py'

agreement = dict(
    type='DetectorAgreement',
    boxes_file='data/animals/detections/mask-rcnn_lite0_2pct_unlabeled.bbox.json',
    ann_file='data/animals/semi_anns/instances_train.1@2-unlabeled.json',
    score_thr=0.8)
ranks = dict(_base_.ranks, instance_weights=True, disagreement=0.5)
model = dict(pseudo_label_hooks=[_base_.ddtf, _base_.dicc, _base_.pmua, agreement, ranks])
