"""Images with the pseudo labels of a teacher, from a COCO JSON."""

from numbers import Real
from typing import Iterator, List

from mmdet.registry import DATASETS

from .completed_coco_dataset import CompletedCocoDataset

SCORES = ('score', 'mask_score')
REMEDY = ('Lower the thresholds of the pseudo labels, or train the teacher longer; its detections '
          'need not be computed again.')


@DATASETS.register_module()
class PseudoLabeledCocoDataset(CompletedCocoDataset):
    """mmdet's ``CocoDataset`` that keeps ``score`` and ``mask_score`` of each annotation.

    It reads the file of the offline pipeline: a COCO JSON whose annotations say how sure the
    teacher was of the class and of the mask, both in [0, 1]. An annotation without a score counts
    as certain, so labeled and pseudo-labeled files may be read alike. Which images without pseudo
    labels are left out is up to ``filter_cfg``, as in mmdet.

    Arguments are those of mmdet's ``CocoDataset``.

    Raises:
        FileNotFoundError: If there is no annotation file; pseudo labels come before the student.
        ValueError: If the file has no usable pseudo label, or a score is not in [0, 1].
    """

    def load_data_list(self) -> List[dict]:
        """Read the images and their pseudo labels.

        Returns:
            list[dict]: As mmdet's, each of the ``instances`` with ``score`` and ``mask_score``.
        """
        try:
            data_list = super().load_data_list()
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'The pseudo labels {self.ann_file} are not there. Generate them before training: '
                'mmssis self-train CONFIG, or correct ann_file.') from error
        if not any(image['instances'] for image in data_list):
            raise ValueError(f'{self.ann_file} has no pseudo label on {len(data_list)} images. '
                             f'{REMEDY}')
        return data_list

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Description of an image and its pseudo labels.

        Args:
            raw_data_info (dict): ``raw_img_info`` and ``raw_ann_info`` of the file.

        Returns:
            dict: mmdet's description; each of its ``instances`` has the scores.
        """
        data_info = super().parse_data_info(dict(raw_data_info, raw_ann_info=[]))
        for annotation in raw_data_info['raw_ann_info']:
            data_info['instances'] += self._instances(raw_data_info, annotation)
        return data_info

    def _instances(self, raw_data_info: dict, annotation: dict) -> Iterator[dict]:
        """The instance of an annotation with its scores; none where mmdet leaves it out."""
        parsed = super().parse_data_info(dict(raw_data_info, raw_ann_info=[annotation]))
        for instance in parsed['instances']:
            yield dict(instance, **{name: self._score(annotation, name) for name in SCORES})

    def _score(self, annotation: dict, name: str) -> float:
        """A score of an annotation, 1 where it has none."""
        score = annotation.get(name, 1.0)
        if not isinstance(score, Real) or not 0 <= score <= 1:
            raise ValueError(f'{self.ann_file}: annotation with id {annotation["id"]!r} has '
                             f'"{name}": {score!r}. Give a number in [0, 1], or leave it out.')
        return float(score)
