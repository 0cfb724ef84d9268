"""What a model says of validation images, as results in COCO's format, and their AP by class."""

from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch
from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.config import Config
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import nn
from tqdm import tqdm

from mmssis.datasets.checks.quietly import quietly
from mmssis.datasets.image_errors import UnreadableImageError
from mmssis.evaluation.analysis_data import teacher_pipeline
from mmssis.evaluation.teacher import batch_of


def validation_images(cfg: Config) -> CocoDataset:
    """The validation images of a config, as its model sees them.

    Args:
        cfg: a resolved config.

    Returns:
        The data set.

    Raises:
        ValueError: if there are none, or their labels are no COCO file.
    """
    if not cfg.get('val_dataloader'):
        raise ValueError('The config has no validation images (val_dataloader).')
    with quietly():
        dataset = DATASETS.build(dict(cfg.val_dataloader.dataset, pipeline=teacher_pipeline(cfg),
                                      test_mode=True))
    if not isinstance(dataset, CocoDataset):
        raise ValueError(f'val_dataloader.dataset is a {type(dataset).__name__}: a CocoDataset '
                         'is needed.')
    return dataset


@torch.no_grad()
def predict_images(model: nn.Module, dataset: CocoDataset, limit: int, name: str
                   ) -> Dict[str, Any]:
    """Run a model over validation images, evenly spread over the data set.

    Args:
        model: in eval mode.
        dataset: of :func:`validation_images`.
        limit: how many images at most.
        name: of the progress bar.

    Returns:
        ``results``, dicts of COCO's results format; ``images``: ``id`` and ``path`` of each;
        ``unreadable``: messages; ``of``: number of all images. In types of JSON.
    """
    found: Dict[str, Any] = dict(results=[], images=[], unreadable=[], of=len(dataset))
    places = torch.linspace(0, len(dataset) - 1, min(limit, len(dataset))).round().int().tolist()
    for place in tqdm(places, desc=name, unit='image'):
        try:
            batch = batch_of(model, dataset[place])
        except UnreadableImageError as error:
            found['unreadable'].append(str(error))
            continue
        sample = model.predict(batch['inputs'], batch['data_samples'])[0]
        found['images'].append(dict(id=sample.img_id, path=sample.img_path))
        found['results'] += _results(sample, dataset.cat_ids)
    return found


def _results(sample: Any, cat_ids: Sequence[int]) -> List[dict]:
    """Predicted instances of one image in COCO's results format."""
    instances = sample.pred_instances
    masks = np.asarray(instances.masks.cpu(), np.uint8)
    results = []
    for mask, label, score in zip(masks, instances.labels.tolist(), instances.scores.tolist()):
        rle = coco_mask.encode(np.asfortranarray(mask))
        results.append(dict(image_id=sample.img_id, category_id=cat_ids[label],
                            score=round(score, 4),
                            segmentation=dict(rle, counts=rle['counts'].decode())))
    return results


def read_truth(ann_file: str) -> COCO:
    """A COCO file with an ``area`` for every annotation, which the evaluation needs."""
    with quietly():
        coco = COCO(ann_file)
    for annotation in coco.dataset['annotations']:
        if annotation.get('area') is None:
            annotation['area'] = float(coco_mask.area(coco.annToRLE(annotation)))
    return coco


def ap_by_class(coco: COCO, predicted: Dict[str, Any], cat_ids: Sequence[int]
                ) -> List[Optional[float]]:
    """Mask AP of each class over the images that were predicted, by pycocotools.

    Args:
        coco: of :func:`read_truth`.
        predicted: of :func:`predict_images`.
        cat_ids: categories in label order.

    Returns:
        In [0, 1]; None for a class that none of the images has.
    """
    if not predicted['results']:
        return _no_results(coco, predicted, cat_ids)
    with quietly():
        # It writes into what it is given.
        results = coco.loadRes([dict(each) for each in predicted['results']])
        evaluation = COCOeval(coco, results, 'segm')
        evaluation.params.imgIds = sorted(image['id'] for image in predicted['images'])
        evaluation.params.catIds = list(cat_ids)
        evaluation.evaluate()
        evaluation.accumulate()
    # (thresholds, recalls, classes, areas, numbers of detections); -1 where there is no truth.
    by_class = evaluation.eval['precision'][:, :, :, 0, -1]
    return [float(each[each > -1].mean()) if (each > -1).any() else None
            for each in by_class.transpose(2, 0, 1)]


def _no_results(coco: COCO, predicted: Dict[str, Any], cat_ids: Sequence[int]
                ) -> List[Optional[float]]:
    """AP of a model that sees nothing, which pycocotools does not take."""
    seen = {item['category_id'] for image in predicted['images']
            for item in coco.imgToAnns[image['id']] if not item.get('iscrowd')}
    return [0.0 if category in seen else None for category in cat_ids]
