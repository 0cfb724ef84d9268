"""PL-DC on 5 % of `animals`, otherwise as the 2 % config; runs on a CPU.

    python tools/train.py configs/pldc/mask2former_lite0_animals5pct.py

No published AP. Not run by us.
"""
_base_ = './mask2former_lite0_animals2pct.py'

split = dict(percent=5)
