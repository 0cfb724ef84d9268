"""Tiny images and annotation files."""

import json

import cv2
import numpy as np

CLASSES = ('cat', 'dog')
BRANCHES = ['sup', 'sup_strong', 'unsup_teacher', 'unsup_student']
META_KEYS = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'homography_matrix',
             'box_labeled')


def write_images(folder, num, start=0, size=(24, 32)):
    """Write noise images ``0.png``, ``1.png``, ... and return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f'{i}.png' for i in range(start, start + num)]
    for i, name in enumerate(names):
        pixels = np.random.default_rng(start + i).integers(0, 256, (*size, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / name), pixels)
    return names


def smooth_image(size=(40, 60)):
    """Soft noise, (H, W, 3): what is drawn in pixels shows, and blurring changes something."""
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (5, 5), 2)


def coco_content(names, size=(24, 32), classes=CLASSES):
    """A COCO JSON with one box-shaped instance per image."""
    height, width = size
    images = [dict(id=i, file_name=name, height=height, width=width)
              for i, name in enumerate(names)]
    annotations = [
        dict(id=i, image_id=i, category_id=1 + i % len(classes), bbox=[4, 4, 12, 8], area=96,
             iscrowd=0, segmentation=[[4, 4, 16, 4, 16, 12, 4, 12]]) for i in range(len(names))]
    categories = [dict(id=i, name=name) for i, name in enumerate(classes, 1)]
    return dict(images=images, annotations=annotations, categories=categories)


def write_json(path, content):
    """Write JSON and return the path as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return str(path)


def pack():
    return [dict(type='PackDetInputs', meta_keys=META_KEYS)]


def strong():
    return [dict(type='StrongPhotometric'), dict(type='RandomNoiseErasing'), *pack()]


def labeled_pipeline():
    return [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
        dict(type='RandomFlip', prob=0.5),
        dict(type='MultiBranch', branch_field=BRANCHES, sup=pack(), sup_strong=strong()),
    ]


def unlabeled_pipeline():
    return [
        dict(type='LoadImageFromFile'),
        dict(type='LoadEmptyAnnotations', with_bbox=True, with_mask=True),
        dict(type='RandomFlip', prob=0.5),
        dict(type='MultiBranch', branch_field=BRANCHES, unsup_teacher=pack(),
             unsup_student=strong()),
    ]


def semi_dataset(folder):
    """Config of 4 labeled images and a folder of 6 unlabeled ones."""
    labeled = write_images(folder / 'labeled', 4)
    write_images(folder / 'unlabeled', 6, start=4)
    write_json(folder / 'labeled.json', coco_content(labeled))
    return dict(
        type='SemiDataset',
        labeled=dict(
            type='CocoDataset', data_root=str(folder), ann_file='labeled.json',
            data_prefix=dict(img='labeled/'), metainfo=dict(classes=CLASSES),
            filter_cfg=dict(filter_empty_gt=True), pipeline=labeled_pipeline()),
        unlabeled=dict(type='UnlabeledFolderDataset', data_root=str(folder / 'unlabeled'),
                       pipeline=unlabeled_pipeline()))
