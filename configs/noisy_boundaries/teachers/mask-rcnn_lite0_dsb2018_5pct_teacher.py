"""Teacher of Noisy Boundaries on the 26 labeled images of 5 % of `dsb2018`; runs on a CPU.

    python tools/train.py configs/noisy_boundaries/teachers/mask-rcnn_lite0_dsb2018_5pct_teacher.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../mask-rcnn_lite0_dsb2018_5pct.py'

model = dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead')))
train_dataloader = dict(_delete_=True, **_base_.teacher_dataloader)
train_cfg = dict(type='IterBasedTrainLoop')
# A teacher has no teacher.
self_training = dict(_delete_=True)
