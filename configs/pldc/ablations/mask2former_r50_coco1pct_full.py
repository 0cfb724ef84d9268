"""PL-DC on COCO 1 %, the short schedule of the ablations (Tab. I: 73 750 it, batch 4 + 4).

    bash tools/dist_train.sh configs/pldc/ablations/mask2former_r50_coco1pct_full.py 4

Published: 21.6 mask AP on val2017 (Table 3 and 4).
The paper gives no LR step for it; 68 077 is 92.3 % of the run, as in the long schedules.
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = '../mask2former_r50_coco1pct.py'

max_iters = 73750
burn_in = 10000
model = dict(burn_in=burn_in)
train_dataloader = dict(batch_size=2, batch_sampler=dict(burn_in=burn_in))
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[68077],
        gamma=0.1)
]
auto_scale_lr = dict(base_batch_size=8)
