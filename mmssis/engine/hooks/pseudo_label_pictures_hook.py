"""Pictures of the pseudo labels during training."""

from pathlib import Path
from typing import Dict, List, Optional

import cv2
import numpy as np
from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmengine.structures import InstanceData

from mmssis.engine.semi_detector import class_names, semi_detector
from mmssis.evaluation import draw_stages
from mmssis.structures import PseudoLabelContext


@HOOKS.register_module()
class PseudoLabelPicturesHook(Hook):
    """Draw candidates, the instances after each hook and the uncertainty of a few images.

    Pictures go to ``<work_dir>/vis/pseudo_labels/iter_<n>_<image name>.png``, drawn by the main
    process from the images of its batch.

    Args:
        interval: steps between two drawings.
        num_images: images drawn each time, from the batch of the main process.
    """

    # Before the statistics hook, which lets go of what the detector kept.
    priority = 'ABOVE_NORMAL'

    def __init__(self, interval: int = 1000, num_images: int = 2) -> None:
        for name, value in dict(interval=interval, num_images=num_images).items():
            if value < 1:
                raise ValueError(f'{name} = {value} of PseudoLabelPicturesHook: give a number >= 1')
        self.interval = interval
        self.num_images = num_images

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Have the detector keep what each stage gave, on steps that are drawn."""
        if self.every_n_train_iters(runner, self.interval) and is_main_process():
            semi_detector(runner).keep_trace = True

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Draw and write the pictures."""
        if not (self.every_n_train_iters(runner, self.interval) and is_main_process()):
            return
        detector = semi_detector(runner)
        detector.keep_trace = False
        if not detector.trace:
            return
        folder = Path(runner.work_dir) / 'vis' / 'pseudo_labels'
        folder.mkdir(parents=True, exist_ok=True)
        pictures = draw_trace(
            detector.trace, detector.trace_context, class_names(runner), self.num_images)
        for meta, picture in zip(detector.trace_context.metas, pictures):
            name = f'iter_{runner.iter + 1:07d}_{Path(meta["img_path"]).stem}.png'
            cv2.imwrite(str(folder / name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def draw_trace(trace: Dict[str, List[InstanceData]], context: PseudoLabelContext, classes: tuple,
               num_images: int) -> List[np.ndarray]:
    """Draw the first images of what a detector kept of a step.

    Args:
        trace: stage to the instances of each image.
        context: the step's images and metainfo.
        classes: class names, in label order.
        num_images: how many images to draw at most.

    Returns:
        One RGB picture, uint8, per image.
    """
    images = (context.rgb_images()[:num_images] * 255).round().byte().permute(0, 2, 3, 1)
    return [
        draw_stages(image, {stage: instances[i] for stage, instances in trace.items()}, classes,
                    img_shape=tuple(context.metas[i]['img_shape'][:2]))
        for i, image in enumerate(images.cpu().numpy())]
