"""BoxTeacher on `animals` with mixed labels: 14 images with masks, 343 boxes, 343 nothing.

    python tools/train.py configs/box_teacher/condinst_lite0_animals_mixed.py

For 150 updates masks and boxes alone are learned; then the teacher gives the boxes masks, and the
images without labels what it is sure of. No published AP. Run by us, shortened: see
docs/results.md.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_lite0.py',
    '../_base_/datasets/mixed_animals.py',
    '../_base_/schedules/box_teacher_cpu.py',
]

# The boxes that the teacher detects stay: a filter that judges masks would replace them.
unlabeled_filter = dict(
    type='UnlabeledOnly', hook=dict(type='ClassThresholdFilter', class_thr=0.5, min_area=0))
model = dict(burn_in=150, pseudo_label_hooks=[_base_.assign, unlabeled_filter])
