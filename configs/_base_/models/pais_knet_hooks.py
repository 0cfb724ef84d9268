"""PAIS's pseudo-label hooks for K-Net, with the weights of the released code.

12 min(c, 0.5)^4 for classes, 2.5 s^4 for masks, 0.35^2 for negatives (docs/methods/pais.md).
`dual_threshold` and `da_loss` name the two parts, so that an ablation lists those it keeps.
"""
dual_threshold = dict(type='DualThresholdFilter', class_thr=0.35, mask_thr=0.30, min_area=0)
da_loss = dict(
    type='AligningWeights',
    alpha=4.0,
    beta=4.0,
    class_clip=0.5,
    class_reference=(0.5, 0.75),
    mask_reference=(0.4**0.25, 1.0),
    background_weight=0.1225)
