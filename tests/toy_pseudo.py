"""A student of pseudo labels on disk in the toy world: files, pipelines, a whole config."""

import json
from pathlib import Path
from typing import Any, Optional, Sequence

from toy import CLASSES, META_KEYS, SIZE, toy_config
from toy_mask_rcnn import toy_mask_rcnn


def write_pseudo(root: Path, score: float = 0.5, mask_score: float = 0.8,
                 without: Sequence[int] = ()) -> Path:
    """Scores for the boxes of ``annotations/unlabeled.json``, none on images ``without``."""
    content = json.loads((root / 'annotations/unlabeled.json').read_text())
    content['annotations'] = [
        dict(annotation, score=score, mask_score=mask_score)
        for annotation in content['annotations'] if annotation['image_id'] not in without]
    path = root / 'pseudo_labels.json'
    path.write_text(json.dumps(content))
    return path


def scored_pipeline(class_exponent: Optional[float] = None, mask_exponent: Optional[float] = None,
                    middle: Sequence[dict] = ()) -> list:
    """Transforms of both sources."""
    return [
        dict(type='LoadImageRobust'),
        dict(type='LoadScoredAnnotations', with_bbox=True, with_mask=True),
        dict(type='Resize', scale=(SIZE, SIZE), keep_ratio=True),
        dict(type='RandomFlip', prob=0.5), *middle,
        dict(type='PackWeightedInputs', class_exponent=class_exponent,
             mask_exponent=mask_exponent, meta_keys=META_KEYS[:-1])]


def source(root: Path, kind: str, pipeline: Sequence[dict], **changes: Any) -> dict:
    """Config of the source 'labeled' or 'pseudo'."""
    names = dict(
        labeled=dict(type='CocoDataset', ann_file=str(root / 'annotations/labeled.json'),
                     data_prefix=dict(img=str(root / 'labeled'))),
        pseudo=dict(type='PseudoLabeledCocoDataset', ann_file=str(root / 'pseudo_labels.json'),
                    data_prefix=dict(img=str(root / 'unlabeled'))))
    return dict(names[kind], data_root='', metainfo=dict(classes=CLASSES),
                filter_cfg=dict(filter_empty_gt=True), pipeline=list(pipeline), **changes)


def pseudo_config(root: Path, num_pseudo: int = 4, pipeline: Sequence[dict] = (),
                  **settings: Any) -> dict:
    """A whole training config of a plain Mask R-CNN, 2 labeled : 1 pseudo-labeled images."""
    config = toy_config(root, burn_in=0, num_unlabeled=num_pseudo, **settings)
    if not (root / 'pseudo_labels.json').exists():
        write_pseudo(root, without=[1])
    pipeline = pipeline or scored_pipeline(2, 2, [dict(type='OneOfDistortion')])
    config.update(model=toy_mask_rcnn(mask_head='NoiseTolerantMaskHead'))
    del config['default_hooks']['teacher']
    config['default_hooks']['preflight'] = dict(type='PreflightHook', warn_only=['categories'])
    config['model'].roi_head.boundary_map = dict(scale=3.0)
    config['train_dataloader'].update(
        batch_size=3, batch_sampler=dict(type='SemiBatchSampler', labeled=2, pseudo=1),
        dataset=dict(type='SemiDataset', labeled=source(root, 'labeled', pipeline),
                     pseudo=source(root, 'pseudo', pipeline)))
    if 'val_cfg' in config:
        config.update(val_cfg=dict(type='ValLoop'), val_evaluator=dict(
            type='BoundaryCocoMetric', metric='segm', ann_file=str(root / 'annotations/val.json')))
    return config
