"""PAIS, K-Net, on 2 % of `animals`: 14 labeled images, 686 without labels; runs on a CPU.

    python tools/train.py configs/pais/knet_lite0_animals2pct.py

Preset: paper (Eq. 5): c^4 and s^4 without factors, negatives weigh 1, positives and negatives are
divided by their own numbers, lambda_u = 0.3. The released code's factors made this K-Net worse
(docs/notes/pais.md). A mask score of 0.85 in the place of the paper's 0.30: on hidden images 55 %
of what it keeps is right, against 40 %. No published AP. Run by us (docs/results.md), with both
divided by the number of positives.
"""
_base_ = [
    '../_base_/models/pais_knet_lite0.py',
    '../_base_/datasets/animals.py',
    '../_base_/views/pais_cpu.py',
    '../_base_/schedules/pais_cpu.py',
]

split = dict(percent=2, fold=1)
# K-Net's head starts from nothing and learns slowly: on `animals`, with a burn-in of 900, 17 % of
# its pseudo labels were right at first and 4 % at the end (docs/notes/pais.md).
schedule = dict(max_iters=1800, burn_in=1200, val_interval=300)
model = dict(
    unsup_weight=0.3,
    candidates=dict(separate_negatives=True),
    pseudo_label_hooks=dict(
        dual_threshold=dict(mask_thr=0.85),
        da_loss=dict(_delete_=True, type='AligningWeights', alpha=4.0, beta=4.0)))
