"""PL-DC on data of your own, on a CPU: a small Mask2Former, images of 256 x 256.

Write a config of your own, `mine.py`, then: ``python tools/train.py mine.py``

    _base_ = 'mmssis::own_data/mask2former_lite0_cpu.py'
    data_set = dict(
        root='data/mine', labeled='labeled.json', unlabeled='unlabeled_images', val='val.json',
        image_dirs='images')

Keys to change, in `mine.py` or as --cfg-options:

- `image_size`: objects of less than 8 px are lost; the time grows with the area.
- `num_queries`: more than any image has instances.
- `train_dataloader.batch_sampler.labeled` and `.unlabeled`: images per update.
- `schedule.max_iters`: how long. Burn-in ends itself, see docs/custom_data.md; `schedule.burn_in`
  may also be a number of updates.
- `model.pseudo_label_hooks.ddtf.class_thr` and `.mask_thr`: lower, if no pseudo label is left.
- `model.pseudo_label_hooks.dicc`: category correction by CLIP, see mask2former_r50_one-gpu.py.

The baseline to compare with: ``python tools/train.py mine.py --supervised``.
No published AP. Not run by us: configs/own_data/mask2former_lite0_cpu.py is a start.
"""
_base_ = [
    '../_base_/models/pldc_mask2former_lite0.py',
    '../_base_/datasets/evaluation_cpu.py',
    '../_base_/views/pldc_cpu.py',
    '../_base_/schedules/adamw_cpu.py',
]
image_size = (256, 256)
num_queries = 100
# Half the images of `pldc_cpu.py` at 1.8 times their area: an update takes about as long.
train_dataloader = dict(batch_sampler=dict(labeled=2, unlabeled=4))
auto_scale_lr = dict(base_batch_size=6)
schedule = dict(max_iters=2000, burn_in='auto', val_interval=250)
