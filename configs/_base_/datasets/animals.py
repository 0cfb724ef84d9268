"""`animals`: 7 species, 700 training images, evaluated on val and test together.

Unpack it to `data/animals`, then

    python tools/dataset_converters/merge_coco_splits.py data/animals val test
    python tools/dataset_converters/make_semi_splits.py \
        data/animals/annotations/instances_train.json \
        --percents 2 5 10 --folds 1 2 3 --every-category
"""
_base_ = './evaluation_cpu.py'

data_set = dict(
    root='data/animals/',
    classes=('bear', 'deer', 'elephant', 'otter', 'rhesus monkey', 'tiger', 'turtle'),
    splits='semi_anns/instances_train.{fold}@{percent}',
    val='annotations/instances_val+test.json',
    image_dirs=dict(labeled='train/', val=''),
    hidden='annotations/instances_train.json')
