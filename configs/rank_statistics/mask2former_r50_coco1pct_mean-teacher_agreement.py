"""Rank statistics with detector agreement on a plain mean teacher, Mask2Former R50, COCO 1 %.

    bash tools/dist_train.sh \
        configs/rank_statistics/mask2former_r50_coco1pct_mean-teacher_agreement.py 4

Preset: transfer of the paper's row "RPPI + PPW" (Table 3): the detector's boxes feed the
prototypes and weigh nothing themselves. `boxes_file`: see mask2former_r50_coco1pct_agreement.py.
No published AP for instances.
Hardware: four RTX 3090 in PL-DC's paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco1pct_mean-teacher.py'

agreement = dict(
    type='DetectorAgreement',
    boxes_file='data/coco/detections/faster-rcnn_r50_coco1pct_unlabeled.bbox.json',
    ann_file=_base_.unlabeled_dataset.data_root + _base_.unlabeled_dataset.ann_file,
    score_thr=0.9)
model = dict(pseudo_label_hooks=[_base_.coupled, agreement, _base_.ranks])
