"""The supervised baseline of the semantic example: the labeled images alone.

    python tools/train.py configs/rank_statistics/semantic/mask2former_lite0_demo_supervised.py

Same views, model and number of updates as ``mask2former_lite0_demo.py``; burn-in never ends.
No published AP. Run by us: see docs/semantic_example.md.
"""
_base_ = './mask2former_lite0_demo.py'

model = dict(pseudo_label_hooks=[], burn_in=_base_.max_iters, predict_on='student')
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.max_iters))
