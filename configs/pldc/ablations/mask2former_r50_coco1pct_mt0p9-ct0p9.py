"""PL-DC with mask threshold m_t = 0.9 and class threshold c_t = 0.9.

    bash tools/dist_train.sh configs/pldc/ablations/mask2former_r50_coco1pct_mt0p9-ct0p9.py 4

Published: 20.1 mask AP on val2017 (Table 4a).
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco1pct_full.py'

ddtf = dict(_base_.ddtf, mask_thr=0.9, class_thr=0.9)
dicc = dict(_base_.dicc, class_thr=0.9)
model = dict(pseudo_label_hooks=[ddtf, dicc, _base_.pmua])
