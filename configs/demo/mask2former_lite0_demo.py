"""PL-DC on the demo's look-alike shapes, with a small CLIP of their own; runs on a CPU.

    python tools/demo/run_demo.py

generates the data, trains CLIP, the supervised baseline (`--supervised`) and this, and compares
them. Alone, after that: ``python tools/train.py configs/demo/mask2former_lite0_demo.py``.

Differences from the paper's setting, all for a run of minutes: images of 128 x 128, a small
Mask2Former on a trainable backbone, EMA 0.99, lower thresholds. A look-alike halves the class
score of a good mask, so that c_t = 0.85 would keep the easy categories alone.

No published AP. Run by us: see docs/results.md.
"""
_base_ = [
    '../_base_/models/pldc_mask2former_lite0.py',
    '../_base_/datasets/evaluation_cpu.py',
    '../_base_/views/pldc_cpu.py',
    '../_base_/schedules/adamw_cpu.py',
]
seed_dir, clip_dir = 'work_dirs/demo/seed0/', 'work_dirs/demo/clip/'
data_set = dict(
    root=seed_dir + 'data',
    classes=('disc', 'square', 'star', 'triangle', 'ringed disc', 'striped square',
             'crossed star', 'dotted triangle'),
    labeled='semi_anns/labeled.json',
    unlabeled='semi_anns/labeled-unlabeled.json',
    val='annotations/instances_val.json',
    image_dirs=dict(labeled='train', val='val'),
    hidden='annotations/instances_train.json')
image_size = (128, 128)
scale_jitter = (0.8, 1.25)
schedule = dict(max_iters=600, burn_in=200)
model = dict(
    pseudo_label_hooks=dict(
        ddtf=dict(class_thr=0.5),
        dicc=dict(
            before='pmua',
            type='ClipCategoryCorrection',
            classifier=dict(
                type='ClipRegionClassifier',
                model=clip_dir + 'demo_clip.json',
                pretrained=clip_dir + 'demo_clip.pt',
                context=1.15,
                largest_part=True))))
train_cfg = dict(val_interval=600)
# PL-DC goes on from the supervised run's checkpoint at the end of burn-in.
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=200, max_keep_ckpts=-1, save_best=None))
