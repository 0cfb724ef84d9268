"""Views of PL-DC: scale jitter (paper, Tab. III), a weak and a strong view of every image.

Geometry stands before `MultiBranch` and is shared by the views of an image; photometry stands
inside it. The preprocessor pads. A config states `image_size` and `scale_jitter`.
"""
branch_field = ['sup', 'sup_strong', 'unsup_teacher', 'unsup_student']
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
             'flip_direction', 'homography_matrix')
geometry = [
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomResize',
        scale='image_size',
        ratio_range='scale_jitter',
        resize_type='Resize',
        keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_size='crop_size',
        crop_type='absolute',
        recompute_bbox=True,
        allow_negative_crop=True),
]
weak_view = [dict(type='PackDetInputs', meta_keys=meta_keys)]
strong_view = [dict(type='StrongPhotometric'), dict(type='RandomNoiseErasing'), *weak_view]
load_labeled = [
    dict(type='LoadImageRobust'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
]
load_unlabeled = [
    dict(type='LoadImageRobust'),
    dict(type='LoadEmptyAnnotations', with_bbox=True, with_mask=True),
]
labeled_views = [
    dict(
        type='FilterAnnotations', min_gt_bbox_wh=(1e-5, 1e-5), by_mask=True, keep_empty=False),
    dict(type='MultiBranch', branch_field=branch_field, sup=weak_view, sup_strong=strong_view),
]
unlabeled_views = [
    dict(
        type='MultiBranch',
        branch_field=branch_field,
        unsup_teacher=weak_view,
        unsup_student=strong_view),
]

# Per GPU, for the paper's four GPUs: 8 + 8 images in all.
train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    batch_sampler=dict(type='SemiBatchSampler', labeled=2, unlabeled=2),
    dataset=dict(
        type='SemiDataset',
        labeled=dict(
            type='CocoDataset',
            filter_cfg=dict(filter_empty_gt=True),
            pipeline=[*load_labeled, *geometry, *labeled_views]),
        unlabeled=dict(
            type='UnlabeledCocoDataset',
            pipeline=[*load_unlabeled, *geometry, *unlabeled_views])))
auto_scale_lr = dict(enable=False, base_batch_size=16)
