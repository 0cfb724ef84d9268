"""What the models of a work directory say, computed once for each checkpoint."""

import json
from functools import cached_property
from typing import Any, Dict, List, Optional, Tuple

from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from mmssis.engine.trained_model import load_trained_model
from mmssis.evaluation.teacher import load_teacher
from mmssis.offline import image_loader
from mmssis.utils import load_config

from .cache import Cache, identity
from .gallery import make_gallery
from .mistakes import Mistakes
from .validation import ap_by_class, predict_images, read_truth, validation_images
from .work_dir import WorkDir

HOW_TO_FIND_DATA = ('Start the command in the folder where the training was started, or say where '
                    'the data is: --cfg-options data_set.root=FOLDER.')


class TrainedModel:
    """The newest checkpoint of a work directory.

    Args:
        work: the work directory.
        cache: keeps what was computed.
        device: 'cpu', 'cuda:0', ...
        cfg_options: dotted keys and values that override the config.

    Raises:
        ValueError: if there is no config or no checkpoint yet, or the config cannot be read.
    """

    def __init__(self, work: WorkDir, cache: Cache, device: str,
                 cfg_options: Optional[Dict[str, Any]] = None) -> None:
        if work.config is None:
            raise ValueError(f'{work.path} holds no config of a training (*.py).')
        if work.checkpoint is None:
            raise ValueError('The run has no checkpoint yet (iter_*.pth).')
        self.checkpoint = work.checkpoint
        self.cache = cache
        self.device = device
        self.cfg: Config = load_config(work.config, cfg_options, check_data=False)
        init_default_scope('mmdet')

    @cached_property
    def iteration(self) -> int:
        """Iteration of the checkpoint."""
        return int(self.checkpoint.stem.rpartition('_')[2])

    @property
    def is_semi(self) -> bool:
        """Whether there are a teacher and a student."""
        return 'detector' in self.cfg.model

    @property
    def branches(self) -> List[str]:
        """Branches that are validated, the one that predicts first; '' of a plain detector."""
        if not self.is_semi:
            return ['']
        branches = ['teacher', 'student']
        if self.cfg.model.get('predict_on') == 'student':
            branches.reverse()
        burn_in = self.cfg.model.get('burn_in')
        is_supervised = isinstance(burn_in, int) and burn_in >= self.cfg.train_cfg.max_iters
        return branches[:1] if is_supervised else branches

    def gallery(self, num_images: int) -> Dict[str, Any]:
        """What is taught, see :func:`~mmssis.report.gallery.make_gallery`.

        Raises:
            ValueError: if the run teaches nothing, or its data or weights are not there.
        """
        if not self.is_semi or self.cfg.train_dataloader.dataset.get('unlabeled') is None:
            raise ValueError('The run has no unlabeled images, so it was taught no pseudo labels.')
        return self._kept('gallery', dict(images=num_images), lambda: make_gallery(
            self._teacher[0], self.cfg, self._teacher[1], num_images))

    def validation(self, branch: str, limit: int, name: str) -> Dict[str, Any]:
        """What a branch says of validation images, see :func:`predict_images`.

        Args:
            branch: of :attr:`branches`.
            limit: how many images, at most.
            name: of the file in the cache.

        Returns:
            The same with ``ap``, of each class, and ``classes``.
        """
        return self._kept(name, dict(images=limit, branch=branch),
                          lambda: self._validate(branch, limit, name))

    def mistakes(self, predicted: Dict[str, Any], worst: int) -> Tuple[dict, List[dict]]:
        """Kinds of errors, and the worst images; see :class:`Mistakes`."""
        dataset = validation_images(self.cfg)
        found = Mistakes(read_truth(dataset.ann_file), predicted, dataset.cat_ids,
                         dataset.metainfo['classes'])
        return found.summary(), found.worst(worst, image_loader(get_test_pipeline_cfg(self.cfg)))

    @cached_property
    def _teacher(self) -> Tuple[nn.Module, Tuple[str, ...]]:
        """The detector with the clock of its checkpoint, and the class names."""
        model, classes = load_teacher(self.cfg, self.checkpoint, self.device)
        model.set_clock(self.iteration, self.cfg.train_cfg.max_iters)
        return model, classes

    def _validate(self, branch: str, limit: int, name: str) -> Dict[str, Any]:
        """Predict and evaluate."""
        dataset = validation_images(self.cfg)
        model, _ = load_trained_model(self.cfg, self.checkpoint, branch or None)
        found = predict_images(model.to(self.device), dataset, limit, name)
        return dict(found, ap=ap_by_class(read_truth(dataset.ann_file), found, dataset.cat_ids),
                    classes=dataset.metainfo['classes'])

    def _kept(self, kind: str, settings: Dict[str, Any], make: Any) -> Any:
        """From the cache, or computed; missing files are named with what to do."""
        config = json.dumps(self.cfg.to_dict(), sort_keys=True, default=str)
        made_from = dict(settings, config=config, checkpoint=identity(self.checkpoint))
        try:
            return self.cache.get(kind, made_from, make)
        except FileNotFoundError as error:
            raise ValueError(f'{error}. {HOW_TO_FIND_DATA}') from error
