"""Pictures of the pseudo labels during training."""

from pathlib import Path
from typing import Dict, List, Optional

import numpy as np
from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmengine.structures import InstanceData

from mmssis.engine.semi_detector import class_names
from mmssis.evaluation import draw_stages, write_picture
from mmssis.structures import PseudoLabelContext
from mmssis.utils.settings import check_range

from .pseudo_label_listener import PseudoLabelListener

MAX_STEM = 50
"""Letters of an image's name: of up to 4 bytes each, in a file name of at most 255."""


@HOOKS.register_module()
class PseudoLabelPicturesHook(PseudoLabelListener):
    """Draw the candidates, the instances after each stage and the uncertainty of a few images.

    Pictures go to ``<work_dir>/vis/pseudo_labels/iter_<n>_<i>_<image name>.png`` for the ``i``-th
    image of the batch. The main process draws them from its batch. One that cannot be written is
    an error in the log; the training goes on.

    Args:
        interval: steps between two drawings.
        num_images: images drawn each time.
    """

    def __init__(self, interval: int = 1000, num_images: int = 2) -> None:
        self.interval = check_range('PseudoLabelPicturesHook.interval', interval, 1, whole=True)
        self.num_images = check_range('PseudoLabelPicturesHook.num_images', num_images, 1,
                                      whole=True)
        self._draws = False
        self._stages: Dict[str, List[InstanceData]] = {}
        self._context: Optional[PseudoLabelContext] = None

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Decide whether this step is drawn."""
        self._draws = self.every_n_train_iters(runner, self.interval) and is_main_process()

    def hear(self, stage: str, pseudo_labels: List[InstanceData],
             context: PseudoLabelContext) -> None:
        """Keep a stage of a step that is drawn."""
        if self._draws:
            self._stages[stage] = pseudo_labels
            self._context = context

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Draw and write the pictures; a step without pseudo labels has none."""
        stages, context = self._stages, self._context
        self._stages, self._context = {}, None
        if not stages:
            return
        folder = Path(runner.work_dir) / 'vis' / 'pseudo_labels'
        pictures = draw_step(stages, context, class_names(runner), self.num_images)
        for i, (meta, picture) in enumerate(zip(context.metas, pictures)):
            stem = Path(meta['img_path']).stem[:MAX_STEM]
            try:
                write_picture(folder / f'iter_{runner.iter + 1:07d}_{i}_{stem}.png', picture)
            except OSError as error:
                runner.logger.error(f'A picture of pseudo labels could not be written: {error}')


def draw_step(stages: Dict[str, List[InstanceData]], context: PseudoLabelContext, classes: tuple,
              num_images: int) -> List[np.ndarray]:
    """Draw the first images of a step.

    Args:
        stages: stage to the instances of each image.
        context: the step's images and metainfo.
        classes: class names, in label order.
        num_images: how many images to draw at most.

    Returns:
        One RGB picture, uint8, per image.
    """
    images = (context.rgb_images()[:num_images] * 255).round().byte().permute(0, 2, 3, 1)
    return [
        draw_stages(image, {stage: instances[i] for stage, instances in stages.items()}, classes,
                    img_shape=tuple(context.metas[i]['img_shape'][:2]))
        for i, image in enumerate(images.cpu().numpy())]
