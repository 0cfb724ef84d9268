"""BoxTeacher: masks from boxes, with a teacher that makes them."""

from typing import Any, Dict, List

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import affine_masks, color_similarity
from mmssis.structures import same_geometry, view_to_view
from mmssis.utils.settings import check_range

from .semi_instance_segmentor import Batch, MultiBranch, SemiInstanceSegmentor

STRIDE = 4


@MODELS.register_module()
class BoxTeacher(SemiInstanceSegmentor):
    """BoxTeacher on CondInst, and its mix of mask labels, box labels and no labels.

    Images whose metainfo says ``box_labeled`` come in the branches ``unsup_teacher`` (without
    colour augmentation) and ``unsup_student``; so do images without any label. Images with masks
    come in ``sup``. The hook ``AssignToBoxes`` gives each true box a pseudo mask of the teacher;
    the student learns true boxes and labels at full weight, and the masks by the losses of
    ``WeightedCondInst``, which read the colours of the teacher's view.

    During burn-in the teacher does not run: images with boxes are learned from their boxes alone,
    which is BoxInst, images without labels teach nothing. A burn-in to the end of the run is the
    BoxInst baseline.

    Args:
        *args: as :class:`SemiInstanceSegmentor`.
        bottom_pixels: rows at the bottom of the original image that are no pixel's neighbours in
            the pairwise and the affinity loss, as they are often a border or a caption; 10 in
            BoxInst.
        **kwargs: as :class:`SemiInstanceSegmentor`; ``ramp_up`` stays 0.

    Raises:
        ValueError: if ``bottom_pixels`` is negative or ``ramp_up`` is set.
    """

    def __init__(self, *args: Any, bottom_pixels: int = 10, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        check_range('model.bottom_pixels', bottom_pixels, 0)
        if self.ramp_up:
            raise ValueError(f'model.ramp_up = {self.ramp_up} of BoxTeacher would hold back true '
                             'boxes too: set it to 0; the losses of pseudo masks have a warm-up '
                             'of their own in the mask head')
        self.bottom_pixels = bottom_pixels

    def loss(self, multi_batch_inputs: MultiBranch,
             multi_batch_data_samples: Dict[str, SampleList]) -> Dict[str, Tensor]:
        """One training step; in burn-in, images with boxes take part as well.

        Args:
            multi_batch_inputs: as :meth:`SemiInstanceSegmentor.loss`; ``sup`` may be absent, and
                in burn-in ``unsup_teacher`` and ``unsup_student`` may be there.
            multi_batch_data_samples: the samples of each branch.

        Returns:
            Losses with the prefixes ``sup_`` and ``unsup_``, for the branches that are there.
        """
        if not self.in_burn_in or 'unsup_student' not in multi_batch_inputs:
            return super().loss(multi_batch_inputs, multi_batch_data_samples)
        branches = {
            name: Batch(images, multi_batch_data_samples[name])
            for name, images in multi_batch_inputs.items()
        }
        student_views = branches['unsup_student']
        for sample in student_views.data_samples:
            if not is_box_labeled(sample):
                sample.gt_instances = no_instances(sample, student_views.images.device)
        self.complete_views(branches['unsup_teacher'], student_views)
        return self.student_losses(self.labeled_batch(branches), student_views)

    def pseudo_labeled_batch(self, teacher_views: Batch, student_views: Batch,
                             pseudo_labels: List[InstanceData]) -> Batch:
        """The student's views, with pseudo labels, and colours where boxes are known."""
        student_views = super().pseudo_labeled_batch(teacher_views, student_views, pseudo_labels)
        self.complete_views(teacher_views, student_views)
        return student_views

    def complete_views(self, teacher_views: Batch, student_views: Batch) -> None:
        """Set all that the student's losses read beside the instances, as metainfo.

        Every image gets ``iteration``, which the warm-up of the mask head reads; images without
        labels and instances a ``background_weight`` of 0.
        """
        for sample in student_views.data_samples:
            sample.set_metainfo(dict(iteration=self._iteration))
            if not is_box_labeled(sample) and len(sample.gt_instances) == 0:
                sample.gt_instances.set_metainfo(dict(background_weight=0.0))
        self.add_colors(teacher_views, student_views)

    @torch.no_grad()
    def add_colors(self, teacher_views: Batch, student_views: Batch) -> None:
        """Set what the losses of boxes read in the student's view, at stride 4, as metainfo.

        Images with boxes get ``color_similarity`` (8, h, w) and ``labeled_cells`` (h, w), bool.

        Args:
            teacher_views: the teacher's views.
            student_views: the student's views, whose samples are changed.
        """
        chosen = [i for i, sample in enumerate(student_views.data_samples)
                  if is_box_labeled(sample)]
        if not chosen:
            return
        sources, targets = ([batch.data_samples[i] for i in chosen]
                            for batch in (teacher_views, student_views))
        images = self.context_of(teacher_views.images[chosen], sources).rgb_images()
        views = [self.colors_in_view(*item, student_views.images.shape[-2:])
                 for item in zip(images, sources, targets)]
        colors, valid = (torch.stack(part) for part in zip(*views))
        similarity = color_similarity(colors, stride=STRIDE, valid=valid)
        cells = valid[:, STRIDE // 2::STRIDE, STRIDE // 2::STRIDE]
        for target, maps, labeled in zip(targets, similarity, cells):
            # Not set_metainfo, which copies what it is given.
            target.set_field(maps, 'color_similarity', field_type='metainfo')
            target.set_field(labeled, 'labeled_cells', field_type='metainfo')

    def colors_in_view(self, image: Tensor, source: DetDataSample, target: DetDataSample,
                       shape: torch.Size) -> List[Tensor]:
        """Colours of the teacher's view in the student's view.

        Args:
            image: (3, H, W) of the teacher's view.
            source: its sample.
            target: sample of the student's view.
            shape: (H', W') of the student's network input.

        Returns:
            Colours (3, H', W'), and where they are to be compared, bool (H', W').
        """
        valid = labeled_area(target, shape, self.bottom_pixels, image.device)
        matrix = view_to_view(source, target)
        if same_geometry(matrix, image.shape[-2:], shape):
            return [image, valid]
        seen = labeled_area(source, image.shape[-2:], 0, image.device)
        moved = affine_masks(torch.cat([image, seen[None]]), matrix, shape)
        return [moved[:3], valid & (moved[3] > 0.999)]

    def unsup_scale(self, unlabeled: Batch) -> float:
        """Weight of the losses of this step; 0 with neither a box label nor a pseudo label."""
        informed = any(is_box_labeled(sample) or len(sample.gt_instances)
                       for sample in unlabeled.data_samples)
        return self.unsup_weight if informed else 0.0


def is_box_labeled(sample: DetDataSample) -> bool:
    """Whether the true boxes of an image are known, possibly none, but not its masks."""
    return sample.metainfo.get('box_labeled', False)


def no_instances(sample: DetDataSample, device: torch.device) -> InstanceData:
    """Instances of an image about which nothing is known yet.

    Args:
        sample: its sample, with the size of the network input.
        device: device of the result.
    """
    shape = tuple(sample.batch_input_shape)
    return InstanceData(
        metainfo=dict(input_shape=shape),
        labels=torch.zeros(0, dtype=torch.long, device=device),
        bboxes=torch.zeros(0, 4, device=device),
        masks=torch.zeros(0, *shape, dtype=torch.bool, device=device))


def labeled_area(sample: DetDataSample, shape: torch.Size, bottom_pixels: int,
                 device: torch.device) -> Tensor:
    """Pixels of a view that show the original image, its bottom left out.

    Args:
        sample: sample of the view, with ``img_shape``, ``ori_shape`` and ``homography_matrix``.
        shape: (H, W) of the network input.
        bottom_pixels: rows of the original image to leave out.
        device: device of the result.

    Returns:
        bool (H, W); False on padding too.
    """
    x, y = (torch.arange(side, device=device) + 0.5 for side in (shape[1], shape[0]))
    inside = (y < sample.img_shape[0])[:, None] & (x < sample.img_shape[1])
    # Positions of the pixels' centres in the original image.
    rows = np.linalg.inv(np.asarray(sample.homography_matrix, dtype=np.float64)).tolist()
    x0, y0, scale = (a * x + b * y[:, None] + c for a, b, c in rows)
    height, width = sample.ori_shape[0] - bottom_pixels, sample.ori_shape[1]
    x0, y0 = x0 / scale, y0 / scale
    return inside & (x0 >= 0) & (x0 <= width) & (y0 >= 0) & (y0 < height)
