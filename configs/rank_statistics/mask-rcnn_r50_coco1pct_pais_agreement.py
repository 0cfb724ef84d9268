"""Rank statistics with detector agreement on PAIS, Mask R-CNN R50, COCO 1 % (fold 1).

    bash tools/dist_train.sh configs/rank_statistics/mask-rcnn_r50_coco1pct_pais_agreement.py 4

`boxes_file`: see mask2former_r50_coco1pct_agreement.py. The class weight of an instance is
DALoss's times the mean overlap over its mask, and half of it where no box agrees. No published AP.
Hardware: four GPUs in PAIS's paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco1pct_pais.py'

agreement = dict(
    type='DetectorAgreement',
    boxes_file='data/coco/detections/faster-rcnn_r50_coco1pct_unlabeled.bbox.json',
    ann_file=_base_.unlabeled_dataset.data_root + _base_.unlabeled_dataset.ann_file,
    score_thr=0.9)
ranks = dict(_base_.ranks, instance_weights=True, disagreement=0.5)
model = dict(pseudo_label_hooks=[_base_.dual_threshold, _base_.da_loss, agreement, ranks])
