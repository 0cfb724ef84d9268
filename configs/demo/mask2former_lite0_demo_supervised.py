"""The supervised baseline of the demo: the labeled images alone, for as many updates.

    python tools/train.py configs/demo/mask2former_lite0_demo_supervised.py

Same images, views, model and schedule as ``mask2former_lite0_demo_pldc.py``; burn-in never ends.
Its checkpoint at the end of PL-DC's burn-in is where PL-DC goes on, see tools/demo/run_demo.py.
No published AP. Run by us: see docs/results.md.
"""
_base_ = './mask2former_lite0_demo_pldc.py'

model = dict(pseudo_label_hooks=[], burn_in=_base_.max_iters, predict_on='student')
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.max_iters))
