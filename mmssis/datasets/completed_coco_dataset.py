"""mmdet's COCO data set, for files whose annotations have no ``area``."""

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS


@DATASETS.register_module()
class CompletedCocoDataset(CocoDataset):
    """mmdet's ``CocoDataset`` that takes the area of the box where an annotation has no ``area``.

    mmdet asks only whether the area is above 0, and stops with a KeyError where it is missing.
    ``load_config`` writes this type where a file needs it. Arguments are those of mmdet's.
    """

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Description of an image and its instances.

        Args:
            raw_data_info (dict): ``raw_img_info`` and ``raw_ann_info`` of the file.

        Returns:
            dict: mmdet's description.
        """
        annotations = [annotation if annotation.get('area') is not None else
                       dict(annotation, area=annotation['bbox'][2] * annotation['bbox'][3])
                       for annotation in raw_data_info['raw_ann_info']]
        return super().parse_data_info(dict(raw_data_info, raw_ann_info=annotations))
