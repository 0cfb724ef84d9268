"""PL-DC on 2 % of `animals`: 14 labeled images, 686 without labels; runs on a CPU.

    python tools/train.py configs/pldc/mask2former_lite0_animals2pct.py

Category correction takes EfficientNet-Lite0's real ImageNet weights (`TimmRegionClassifier`)
in the place of CLIP. No published AP. Run by us: see docs/results.md.
"""
_base_ = [
    '../_base_/models/pldc_mask2former_lite0.py',
    '../_base_/datasets/animals.py',
    '../_base_/views/pldc_cpu.py',
    '../_base_/schedules/adamw_cpu.py',
]
split = dict(percent=2, fold=1)
model = dict(
    pseudo_label_hooks=dict(
        dicc=dict(
            before='pmua',
            type='ClipCategoryCorrection',
            classifier=dict(
                type='TimmRegionClassifier',
                class_map='{{fileDirname}}/../animals/imagenet_classes.json'))))
