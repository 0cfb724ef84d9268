"""The semantic example without rank statistics: every pixel of a pseudo label weighs 1.

    python tools/train.py configs/rank_statistics/semantic/mask2former_lite0_demo_no-ranks.py

Everything else, data included, is that of ``mask2former_lite0_demo.py``.
No published AP. Run by us: see docs/semantic_example.md.
"""
_base_ = './mask2former_lite0_demo.py'

model = dict(pseudo_label_hooks=[_base_.sure])
