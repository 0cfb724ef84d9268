"""BoxTeacher on `animals`, boxes alone for all 700 training images; runs on a CPU.

    python tools/train.py configs/box_teacher/condinst_lite0_animals.py

No published AP. Run by us for half of its length: see docs/results.md.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_lite0.py',
    '../_base_/datasets/box_animals.py',
    '../_base_/schedules/box_teacher_cpu.py',
]
