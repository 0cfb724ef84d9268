"""PL-DC on Cityscapes 5 %, evaluated with Cityscapes' own AP beside COCO's.

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes5pct_cityscapes-ap.py 4

Needs `pip install cityscapesscripts` and gtFine/val with its instanceIds images. PL-DC reports
COCO AP (27.6 mask AP, Table 2), GuidedDistillation the official one (23.0): compare like with like.
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_cityscapes5pct.py'

cityscapes_ap = dict(
    type='CityScapesMetric',
    seg_prefix=_base_.data_set.root + 'gtFine/val',
    outfile_prefix='work_dirs/cityscapes_ap/instances')
val_evaluator = [_base_.val_evaluator, cityscapes_ap]
test_evaluator = val_evaluator
