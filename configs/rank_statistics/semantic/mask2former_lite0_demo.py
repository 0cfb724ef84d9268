"""Rank statistics on semantic segmentation: Mask2Former's semantic mode on generated shapes.

    python tools/dataset_converters/make_demo_data.py data/shapes --size 128
    python tools/dataset_converters/make_semi_splits.py \\
        data/shapes/annotations/instances_train.json --counts 16 --every-category \\
        --out data/shapes/semi_anns
    python tools/train.py configs/rank_statistics/semantic/mask2former_lite0_demo.py

A mean teacher; a pixel of a pseudo label weighs 1 + s/k in the mask's cross-entropy, which is
divided by the batch's mean weight, as the released code divides by the sum. mIoU by mmdet's
SemSegMetric. A demonstration that runs on a CPU, not the paper's setting, DeepLabv3+ on VOC and
Cityscapes: see docs/semantic_example.md.

No published AP. Run by us: see docs/semantic_example.md.
"""
_base_ = '../../demo/mask2former_lite0_demo_pldc.py'

# No hidden labels: they are of instances, and would not fit regions of classes.
data_set = dict(
    _delete_=True,
    root='data/shapes',
    classes=_base_.data_set.classes,
    labeled='semi_anns/instances_train.1@16images.json',
    unlabeled='semi_anns/instances_train.1@16images-unlabeled.json',
    val='annotations/instances_val.json',
    image_dirs=dict(labeled='train', val='val'))

load, annotations, *views = _base_.labeled_pipeline
labeled_pipeline = [load, annotations, dict(type='MergeByClass'), *views]
# The labels stand behind Resize, in the size of the original image, as the predictions are.
*load_and_resize, pack = _base_.test_pipeline
test_pipeline = [*load_and_resize, annotations, dict(type='SemanticMapOfInstances'), pack]

labeled, unlabeled = _base_.train_dataloader.dataset.datasets
labeled.pipeline = labeled_pipeline
train_dataloader = dict(dataset=dict(datasets=[labeled, unlabeled]))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='SemSegMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator

sure = dict(type='ClassThresholdFilter', class_thr=0.8, min_area=5)
ranks = dict(
    type='RankStatisticsWeights',
    layer='panoptic_head.pixel_decoder.output_convs.0',
    channels=128,
    num_classes=len(_base_.data_set.classes),
    k=5,
    offset=1.0,
    labeled_interval=5,
    samples_per_image=4)
model = dict(
    detector=dict(
        type='SemanticMask2Former', panoptic_head=dict(normalize_pixel_weights=True)),
    candidates=dict(type='SemanticCandidates'),
    pseudo_label_hooks=[sure, ranks])
