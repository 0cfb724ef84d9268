"""A runner and a detector small enough to say every number by hand."""

import logging
from itertools import count
from types import SimpleNamespace
from typing import Callable, Dict, List, Mapping, Optional, Sequence

import torch
from mmdet.structures import DetDataSample
from mmengine.logging import MessageHub
from mmengine.structures import InstanceData
from torch import nn

from mmssis.structures import PseudoLabelContext

COUNTER = count()


class FakeDetector(nn.Module):
    """What engine hooks read of a detector, without networks."""

    def __init__(self, hooks: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.student, self.teacher = nn.Linear(1, 1), nn.Linear(1, 1)
        self.pseudo_label_hooks = nn.ModuleDict(hooks)
        self.listeners: List[Callable] = []
        self.predict_on, self.unsup_weight, self.burn_in = 'teacher', 1.0, 0

    def watch(self, callback: Callable) -> Callable[[], None]:
        """Subscribe."""
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def step(self, stages: Dict[str, List[InstanceData]],
             metas: Optional[List[dict]] = None) -> None:
        """Behave as in a training step whose stages gave these instances."""
        context = PseudoLabelContext(
            images=torch.zeros(len(metas or []), 3, 16, 16), metas=metas or [], progress=0.,
            box_labels=[], pixel_mean=torch.zeros(3, 1, 1), pixel_std=torch.ones(3, 1, 1))
        for stage, instances in stages.items():
            for callback in self.listeners:
                callback(stage, instances, context)


def fake_runner(hooks: Optional[Mapping[str, nn.Module]] = None,
                classes: Sequence[str] = ('cat', 'dog'), work_dir: str = '') -> SimpleNamespace:
    """A runner around a fake detector, with a message hub of its own."""
    hub = MessageHub.get_instance(f'fake-runner-{next(COUNTER)}')
    dataset = SimpleNamespace(metainfo=dict(classes=tuple(classes)))
    return SimpleNamespace(
        model=FakeDetector(hooks or {}), iter=0, message_hub=hub, work_dir=work_dir,
        logger=logging.getLogger('mmssis.tests'),
        train_dataloader=SimpleNamespace(dataset=dataset),
        optim_wrapper=SimpleNamespace(get_lr=lambda: dict(lr=[0.1])))


def square_instances(squares: Sequence[Sequence[int]], class_score: float = 0.9,
                     mask_score: float = 0.8, shape: Sequence[int] = (16, 16)) -> InstanceData:
    """Pseudo labels with square masks, one (label, left, top, size) each."""
    masks = torch.zeros(len(squares), *shape, dtype=torch.bool)
    for mask, (_, left, top, size) in zip(masks, squares):
        mask[top:top + size, left:left + size] = True
    return InstanceData(
        metainfo=dict(input_shape=tuple(shape)),
        labels=torch.tensor([item[0] for item in squares], dtype=torch.long),
        class_scores=torch.full((len(squares),), class_score),
        mask_scores=torch.full((len(squares),), mask_score), masks=masks)


def sample_batch(num_gt: int = 2, path: str = 'images/a.jpg') -> dict:
    """A multi-branch batch of samples, as the dataloader gives it."""
    sample = DetDataSample(metainfo=dict(img_path=path))
    sample.gt_instances = InstanceData(labels=torch.zeros(num_gt, dtype=torch.long))
    return dict(inputs={}, data_samples=dict(sup=[sample, None], unsup_teacher=[None, sample]))
