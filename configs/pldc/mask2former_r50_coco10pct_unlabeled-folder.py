"""PL-DC, Mask2Former R50, COCO with 10 % of the labels; unlabeled images from a plain folder.

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco10pct_unlabeled-folder.py 4

No annotation file lists the unlabeled images: all of data/coco/unlabeled2017 is read.
Published: no AP for this pairing (10 % labels with the rest of train2017: 36.5, Table 1).
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

unlabeled_folder = dict(
    type='UnlabeledFolderDataset',
    data_root='data/coco/unlabeled2017/',
    pipeline=_base_.unlabeled_pipeline)
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, unlabeled_folder]))
