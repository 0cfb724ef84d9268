"""Unlabeled images listed in a COCO JSON."""

import os
from typing import List, Optional

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS

from mmssis.utils.coco_file import CocoImage, read_coco

from .checks.coco_validation import mixed_ids

NO_FILTER = dict(filter_empty_gt=False, min_size=0)


@DATASETS.register_module()
class UnlabeledCocoDataset(CocoDataset):
    """The images of a COCO JSON; annotations and categories in it are not read.

    It takes COCO's ``image_info_unlabeled2017.json``, the unlabeled files of
    ``make_semi_splits.py`` and a full annotation file alike. No image is dropped for having no
    ground truth: that would use the labels of unlabeled data. Class names are those of the
    labeled data set unless ``metainfo`` names them.

    Arguments are those of mmdet's ``CocoDataset``; ``filter_cfg`` may hold ``min_size`` only.

    Raises:
        ValueError: If the file lists no image, an image has no file name or size, or ``filter_cfg``
            would use ground truth.
    """

    METAINFO: dict = dict()

    def load_data_list(self) -> List[dict]:
        """Read the list of images.

        Returns:
            list[dict]: ``img_id``, ``img_path``, ``height``, ``width``, ``instances`` (empty) of
            each image, sorted by image id.
        """
        if self.filter_cfg is not None and self.filter_cfg.get('filter_empty_gt'):
            raise ValueError('UnlabeledCocoDataset.filter_cfg: filter_empty_gt=True would use the '
                             'labels of unlabeled images. Remove it.')
        images = read_coco(self.ann_file).images
        if not images:
            raise ValueError(f'{self.ann_file} lists no image; the unlabeled data set is empty.')
        for problem in mixed_ids(images):
            raise ValueError(f'{self.ann_file}: {problem}')
        return [self._data_info(image) for image in sorted(images, key=lambda image: image.id)]

    def _data_info(self, image: CocoImage) -> dict:
        """mmdet's description of an image without instances."""
        return dict(
            img_id=image.id,
            img_path=os.path.join(self.data_prefix.get('img', ''), image.file_name),
            seg_map_path=None,
            height=image.height,
            width=image.width,
            instances=[])

    def filter_data(self) -> List[dict]:
        """Leave out images below ``filter_cfg['min_size']``, if it is set.

        Returns:
            list[dict]: The images that stay.
        """
        min_size: Optional[int] = (self.filter_cfg or NO_FILTER).get('min_size', 0)
        return [image for image in self.data_list
                if min(image['width'], image['height']) >= min_size]
