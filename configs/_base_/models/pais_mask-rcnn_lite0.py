"""PAIS on Mask R-CNN with EfficientNet-Lite0, for a CPU; otherwise as `pais_mask-rcnn_r50.py`."""
_base_ = './mask-rcnn_lite0.py'

_base_.model.roi_head.mask_head.update(
    type='FCNMaskIoUHead', iou_channels=64, iou_loss_weight=0.25)
model = dict(
    _delete_=True,
    type='PAIS',
    detector=_base_.model,
    candidates=dict(
        type='MaskRCNNCandidates',
        score_thr=0.35,
        teacher_background=True,
        separate_negatives=True),
    pseudo_label_hooks=dict(
        dual_threshold=dict(
            type='DualThresholdFilter', class_thr=0.35, mask_thr=0.30, min_area=0),
        da_loss=dict(type='AligningWeights', alpha=4.0, beta=4.0)),
    burn_in=0,
    unsup_weight=1.5,
    data_preprocessor=dict(
        type='SemiDataPreprocessor', data_preprocessor=_base_.model.data_preprocessor))
