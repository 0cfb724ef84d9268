"""K-Net as an mmdet detector."""

from typing import Dict, List, Tuple

import torch
from mmdet.models.detectors import BaseDetector
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures import OptSampleList, SampleList
from mmdet.utils import ConfigType, OptConfigType, OptMultiConfig, reduce_mean
from mmengine.model import ModuleList
from torch import Tensor

from mmssis.ops import count_by_kind, divide_by_kind
from mmssis.structures import is_pseudo_labeled
from mmssis.utils.settings import check_range

from .kernel_head import KernelHeadOutput
from .kernels import Kernels
from .results import instances_of_image
from .targets import Assignment, assign, stride4_targets, without_doubtful


@MODELS.register_module()
class KNet(BaseDetector):
    """K-Net for instance segmentation (Zhang et al., NeurIPS 2021).

    A kernel head draws the first kernels and masks, then each update head refines them; only the
    last one's output is the result. Losses read the weights that pseudo labels carry, see
    :func:`~mmssis.models.knet.targets.stride4_targets`; with all weights 1 they are K-Net's.

    Args:
        backbone: config of the backbone.
        neck: config of the neck, with P2 to P5 as output.
        kernel_head: config of :class:`ConvKernelHead`.
        update_head: config of :class:`KernelUpdateHead`, built ``num_stages`` times.
        num_stages: number of update heads, which share no weights.
        train_cfg: ``assigner``: config of :class:`KernelMatcher`.
        test_cfg: ``max_per_img`` and ``mask_thr``.
        data_preprocessor: config of the data preprocessor, with ``pad_size_divisor=32``.
        init_cfg: initialisation of the whole model.

    Raises:
        ValueError: if the heads have different numbers of classes, or there is no update head.
    """

    def __init__(self, backbone: ConfigType, neck: ConfigType, kernel_head: ConfigType,
                 update_head: ConfigType, num_stages: int = 3, train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None, data_preprocessor: OptConfigType = None,
                 init_cfg: OptMultiConfig = None) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        check_range('num_stages', num_stages, 1, whole=True)
        self.backbone = MODELS.build(backbone)
        self.neck = MODELS.build(neck)
        self.kernel_head = MODELS.build(kernel_head)
        self.update_heads = ModuleList(MODELS.build(update_head) for _ in range(num_stages))
        counts = self.kernel_head.num_classes, self.update_heads[0].num_classes
        if counts[0] != counts[1]:
            raise ValueError(f'kernel_head.num_classes = {counts[0]}, but update_head.num_classes '
                             f'= {counts[1]}: give both the number of classes of the data')
        self.matcher = TASK_UTILS.build(train_cfg['assigner']) if train_cfg else None
        self.test_cfg = test_cfg

    def extract_feat(self, batch_inputs: Tensor) -> Tuple[Tensor, ...]:
        """Pyramid features.

        Args:
            batch_inputs: images (B, 3, H, W), normalised and padded.

        Returns:
            P2 to P5.
        """
        return self.neck(self.backbone(batch_inputs))

    def run_stages(self, features: Tuple[Tensor, ...]
                   ) -> Tuple[KernelHeadOutput, List[Kernels]]:
        """All stages.

        Args:
            features: of :meth:`extract_feat`.

        Returns:
            Output of the kernel head, and the kernels after each update head.
        """
        output = self.kernel_head(features)
        stages = [output.kernels]
        for head in self.update_heads:
            stages.append(head(output.pixel_features, stages[-1]))
        return output, stages[1:]

    def loss(self, batch_inputs: Tensor, batch_data_samples: SampleList,
             separate_negatives: bool = False) -> Dict[str, Tensor]:
        """Losses of all stages.

        Args:
            batch_inputs: images (B, 3, H, W), normalised and padded.
            batch_data_samples: their samples with ``gt_instances``. Where the metainfo
                ``pseudo_labeled`` is True, semantic segmentation and mask IoU do not learn.
            separate_negatives: what the class loss is divided by, see :class:`KNetCandidates`.

        Returns:
            ``init.loss_mask``, ``init.loss_dice``, ``init.loss_seg`` of the kernel head and
            ``s0.loss_cls``, ``s0.loss_mask``, ``s0.loss_dice``, ``s0.loss_iou``, ... of the rest.
        """
        output, stages = self.run_stages(self.extract_feat(batch_inputs))
        pseudo_labeled = is_pseudo_labeled([sample.metainfo for sample in batch_data_samples])
        with torch.autocast(batch_inputs.device.type, enabled=False):
            return self._loss_of_stages(output, stages, batch_data_samples,
                                        tuple(batch_inputs.shape[-2:]), pseudo_labeled,
                                        separate_negatives)

    def _loss_of_stages(self, output: KernelHeadOutput, stages: List[Kernels],
                        batch_data_samples: SampleList, input_shape: Tuple[int, int],
                        pseudo_labeled: bool, separate_negatives: bool = False
                        ) -> Dict[str, Tensor]:
        """Losses of kernels that were computed before.

        Args:
            output: of the kernel head, for B images.
            stages: kernels after each update head.
            batch_data_samples: the B samples, with ``gt_instances``.
            input_shape: (H, W) of the padded network input.
            pseudo_labeled: whether their labels are pseudo labels.
            separate_negatives: as in :meth:`loss`.

        Returns:
            As :meth:`loss`.
        """
        targets = [stride4_targets(sample.gt_instances, input_shape)
                   for sample in batch_data_samples]
        matched_by = [output.kernels, *stages[:-1]]
        matches = self.matcher.match(matched_by, targets)
        sizes = self.kernel_head.num_kernels, self.kernel_head.num_classes
        assignments = [without_doubtful(assign(each, targets, *sizes), kernels.mask_logits, targets)
                       for each, kernels in zip(matches, matched_by)]
        assignments, divisor = self._divide_classes(assignments, separate_negatives)
        parts = dict(init=self.kernel_head.loss(output, assignments[0]))
        if not pseudo_labeled:
            parts['init']['loss_seg'] = self.kernel_head.seg_loss(output, targets)
        for i, (head, stage, assignment) in enumerate(
                zip(self.update_heads, stages, assignments)):
            parts[f's{i}'] = head.loss(stage, assignment, divisor, not pseudo_labeled)
        return {f'{stage}.{name}': value for stage, losses in parts.items()
                for name, value in losses.items()}

    def _divide_classes(self, assignments: List[Assignment], separate_negatives: bool
                        ) -> Tuple[List[Assignment], Tensor]:
        """The assignments, and what the class loss of every stage is divided by.

        K-Net divides by the number of matched kernels, the same in all stages. With separate
        negatives the class weights are divided already.
        """
        positive = [each.labels < self.kernel_head.num_classes for each in assignments]
        # One reduction, on every rank, with instances or without.
        counts = reduce_mean(torch.stack([
            count_by_kind(each.cls_weights, rows) for each, rows in zip(assignments, positive)]))
        if not separate_negatives:
            return assignments, counts[0, 0].clamp(min=1)
        return [each._replace(cls_weights=divide_by_kind(each.cls_weights, rows, count))
                for each, rows, count in zip(assignments, positive, counts)], counts.new_ones(())

    def predict(self, batch_inputs: Tensor, batch_data_samples: SampleList,
                rescale: bool = True) -> SampleList:
        """Instances of each image.

        Args:
            batch_inputs: images (B, 3, H, W), normalised and padded.
            batch_data_samples: their samples.
            rescale: whether to return masks at the size of the original images.

        Returns:
            The samples with ``pred_instances``: ``scores``, ``labels``, bool ``masks`` and their
            tight ``bboxes``.
        """
        _, stages = self.run_stages(self.extract_feat(batch_inputs))
        # The size of the input is that of the tensor, whatever the samples were packed with.
        results = [
            instances_of_image(
                cls_logits, mask_logits,
                dict(sample.metainfo, batch_input_shape=tuple(batch_inputs.shape[-2:])),
                self.test_cfg['max_per_img'], self.test_cfg['mask_thr'], rescale)
            for cls_logits, mask_logits, sample in zip(
                stages[-1].cls_logits, stages[-1].mask_logits, batch_data_samples)
        ]
        return self.add_pred_to_datasample(batch_data_samples, results)

    def _forward(self, batch_inputs: Tensor, batch_data_samples: OptSampleList = None
                 ) -> Tuple[Tensor, Tensor]:
        """Class logits (B, N, K) and mask logits (B, N, H / 8, W / 8) of the last stage."""
        _, stages = self.run_stages(self.extract_feat(batch_inputs))
        return stages[-1].cls_logits, stages[-1].mask_logits
