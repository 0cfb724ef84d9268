"""Unlabeled images in the order of a review, with the pseudo labels to decide on."""

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence

import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from pycocotools import mask as coco_mask
from tqdm import tqdm

from mmssis.datasets.checks.quietly import quietly
from mmssis.datasets.image_errors import UnreadableImageError
from mmssis.datasets.leaf_datasets import leaf_datasets
from mmssis.evaluation.analysis_data import teacher_pipeline

from .disagreement import disagreement
from .order import Candidate, Place, order
from .paths import relative
from .rarity import rarity
from .viewer import View, Viewer

Content = Dict[str, Any]


class Chosen(NamedTuple):
    """The images of a review.

    Attributes:
        places: the images in their order.
        proposals: the same images with their pseudo labels, a COCO file.
        listed: all unlabeled images, a COCO file without annotations.
        unreadable: messages of images that could not be read; they are not chosen.
    """

    places: List[Place]
    proposals: Content
    listed: Content
    unreadable: List[str]


def choose(cfg: Config, viewer: Viewer, classes: Sequence[str], folder: Path, count: int,
           pool: int) -> Chosen:
    """Look at unlabeled images and put them in order.

    Args:
        cfg: resolved, with the sources ``labeled`` and ``unlabeled``.
        viewer: shows an image to the model.
        classes: class names, in label order.
        folder: that the file names of the unlabeled images are relative to.
        count: images of the review.
        pool: images that are looked at, at most, evenly spread over the unlabeled ones.

    Returns:
        The images.
    """
    unlabeled, labeled = build(cfg, 'unlabeled'), build(cfg, 'labeled')
    listed = list_images(unlabeled, folder)
    known = np.stack([viewer.features(labeled[i])
                      for i in tqdm(range(len(labeled)), desc='labeled images', unit='image')])
    places = np.linspace(0, len(unlabeled) - 1, min(pool, len(unlabeled))).round().astype(int)
    counts = label_counts(labeled, len(classes))
    views, candidates, unreadable = {}, [], []
    for i in tqdm(places, desc='unlabeled images', unit='image'):
        try:
            view = viewer(unlabeled[int(i)])
        except UnreadableImageError as error:
            unreadable.append(str(error))
            continue
        name = relative(view.name, folder)
        views[name] = view._replace(features=None)
        candidates.append(Candidate(name, disagreement(view.first, view.second),
                                    rarity(view.first.labels, counts), view.features))
    found = order(candidates, known, count)
    return Chosen(found, _proposals(found, views, listed, classes), listed, unreadable)


def build(cfg: Config, part: str) -> BaseDataset:
    """A source of the training data as the model sees its images in a test.

    Args:
        cfg: resolved.
        part: 'labeled' or 'unlabeled'.

    Raises:
        ValueError: if the config has no such source.
    """
    source = cfg.train_dataloader.dataset.get(part)
    if source is None:
        raise ValueError(f'The config has no {part} images: a review needs data_set.labeled and '
                         'data_set.unlabeled')
    with quietly():
        return DATASETS.build(dict(source, pipeline=teacher_pipeline(cfg)))


def list_images(dataset: BaseDataset, folder: Path) -> Content:
    """All images of a data set, as a COCO file without annotations.

    Args:
        dataset: any, or a wrapper of some.
        folder: that file names are made relative to.
    """
    images = []
    for leaf in leaf_datasets(dataset):
        for i in range(len(leaf)):
            info = leaf.get_data_info(i)
            images.append(dict(id=len(images) + 1, file_name=relative(info['img_path'], folder),
                               width=info['width'], height=info['height']))
    return dict(images=images, annotations=[], categories=[])


def label_counts(dataset: BaseDataset, num_classes: int) -> List[int]:
    """Labeled instances of each class."""
    labels = [instance['bbox_label'] for leaf in leaf_datasets(dataset)
              for i in range(len(leaf)) for instance in leaf.get_data_info(i)['instances']]
    return np.bincount(np.asarray(labels, int), minlength=num_classes).tolist()


def _proposals(places: Sequence[Place], views: Dict[str, View], listed: Content,
               classes: Sequence[str]) -> Content:
    """The chosen images and what the model sees in them."""
    entries = {image['file_name']: image for image in listed['images']}
    images = [entries[place.name] for place in places]
    annotations: List[dict] = []
    for image in images:
        for item in _annotations(views[image['file_name']]):
            annotations.append(dict(item, id=len(annotations) + 1, image_id=image['id']))
    categories = [dict(id=i, name=name) for i, name in enumerate(classes, 1)]
    return dict(images=images, annotations=annotations, categories=categories)


def _annotations(view: View) -> List[dict]:
    """Pseudo labels of an image; those without a pixel in it are left out."""
    found = []
    for i, (mask, label) in enumerate(zip(*view.first)):
        if area := int(coco_mask.area(mask)):
            scores: Dict[str, float] = dict(score=round(view.scores[i], 4))
            if view.mask_scores:
                scores['mask_score'] = round(view.mask_scores[i], 4)
            found.append(dict(
                category_id=label + 1, segmentation=dict(mask, counts=mask['counts'].decode()),
                bbox=coco_mask.toBbox(mask).tolist(), area=area, iscrowd=0, **scores))
    return found
