"""`dsb2018`: nuclei in 664 microscopy images, one class, about 42 small instances per image.

Unpack it to `data/dsb2018`, then

    python tools/dataset_converters/make_semi_splits.py \
        data/dsb2018/annotations/instances_train.json --percents 5 --folds 1 2 3

5 % are 26 of the 531 training images, which are 152 to 320 pixels on a side. AP counts the best 100
masks of an image, as on COCO; 12 of the 133 validation images hold more nuclei.
"""
_base_ = './evaluation_cpu.py'

data_set = dict(
    root='data/dsb2018/',
    classes=('nucleus', ),
    splits='semi_anns/instances_train.{fold}@{percent}',
    val='annotations/instances_val.json',
    image_dirs=dict(labeled='train/', val='val/'),
    hidden='annotations/instances_train.json')
