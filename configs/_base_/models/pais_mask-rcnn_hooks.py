"""PAIS's pseudo-label hooks for Mask R-CNN, with the paper's thresholds and weights.

`dual_threshold` and `da_loss` name the two parts, so that an ablation lists those it keeps.
"""
class_thr = 0.35
dual_threshold = dict(
    type='DualThresholdFilter', class_thr=class_thr, mask_thr=0.30, min_area=0)
da_loss = dict(type='AligningWeights', alpha=4.0, beta=4.0)
