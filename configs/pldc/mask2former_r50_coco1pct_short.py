"""PL-DC on COCO 1 %, the short schedule of the ablations (Tab. I: 73 750 it, batch 4 + 4).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco1pct_short.py 4

Published: 21.6 mask AP on val2017 (Table 3 and 4); the other rows of these tables are in
metafile.yml. The paper gives no LR step; 68 077 is 92.3 % of the run, as in the long schedules.
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

split = dict(percent=1)
schedule = dict(max_iters=73750, burn_in=10000)
train_dataloader = dict(batch_sampler=dict(labeled=1, unlabeled=1))
auto_scale_lr = dict(base_batch_size=8)
