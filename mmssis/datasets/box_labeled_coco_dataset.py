"""Images whose instances have boxes but no masks, from a COCO JSON."""

import os
from typing import Any, List, Optional

from mmdet.registry import DATASETS

from mmssis.utils.coco_file import read_coco

from .completed_coco_dataset import CompletedCocoDataset


@DATASETS.register_module()
class BoxLabeledCocoDataset(CompletedCocoDataset):
    """mmdet's ``CocoDataset`` that takes boxes and classes only, for ``BoxTeacher``.

    Segmentations and areas in the file are not read: a file with masks trains as one without.
    Every sample is flagged ``box_labeled=True``, which the pipeline hands on through
    ``meta_keys``. Images without boxes stay, as known to be empty, unless ``filter_cfg`` says
    otherwise. The order is that of the image ids.

    Args:
        *args (Any): As mmdet's ``CocoDataset``.
        images_from (str, optional): COCO JSON that lists the images to take, relative to
            ``data_root``; its annotations are not read. It lets a split without annotations choose
            among the images of a whole annotation file. None takes all images. Defaults to None.
        **kwargs (Any): As mmdet's ``CocoDataset``.

    Raises:
        ValueError: If ``images_from`` lists an image that the annotation file does not have.
    """

    def __init__(self, *args: Any, images_from: Optional[str] = None, **kwargs: Any) -> None:
        self.images_from = images_from
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the images and their boxes.

        Returns:
            list[dict]: As mmdet's, with ``box_labeled=True`` and without masks, sorted by image id.
        """
        data_list = sorted(super().load_data_list(), key=lambda image: image['img_id'])
        if self.images_from is None:
            return data_list
        path = os.path.join(self.data_root or '', self.images_from)
        wanted = {image.id for image in read_coco(path).images}
        unknown = sorted(wanted - {image['img_id'] for image in data_list})
        if unknown:
            raise ValueError(f'{path} (images_from of BoxLabeledCocoDataset) lists {len(unknown)} '
                             f'images that {self.ann_file} does not have, for example id '
                             f'{unknown[0]!r}. Use a split of that file.')
        return [image for image in data_list if image['img_id'] in wanted]

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Description of an image and its boxes.

        Args:
            raw_data_info (dict): ``raw_img_info`` and ``raw_ann_info`` of the file.

        Returns:
            dict: mmdet's description, flagged, without masks.
        """
        boxes = [_without_mask(annotation) for annotation in raw_data_info['raw_ann_info']]
        data_info = super().parse_data_info(dict(raw_data_info, raw_ann_info=boxes))
        return dict(data_info, box_labeled=True)


def _without_mask(annotation: dict) -> dict:
    """An annotation whose area is that of its box; mmdet leaves out those of area 0."""
    box_only = {key: value for key, value in annotation.items() if key != 'segmentation'}
    return dict(box_only, area=annotation['bbox'][2] * annotation['bbox'][3])
