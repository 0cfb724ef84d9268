"""BoxTeacher on `animals`, boxes alone for all 700 training images; runs on a CPU.

    python tools/train.py configs/box_teacher/condinst_lite0_animals.py

BoxInst: `--supervised`. No published AP. Run by us for half of its length: see docs/results.md.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_lite0.py',
    '../_base_/datasets/animals.py',
    '../_base_/views/boxes_cpu.py',
    '../_base_/schedules/pais_cpu.py',
]

data_set = dict(boxes='annotations/instances_train.json')
