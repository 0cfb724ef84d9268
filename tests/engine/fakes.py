"""A runner and a detector small enough to say every number by hand."""

import logging
from collections import Counter
from itertools import count
from types import SimpleNamespace
from typing import Dict, List, Optional, Sequence

import torch
from mmdet.structures import DetDataSample
from mmengine.logging import MessageHub
from mmengine.structures import InstanceData
from torch import nn

from mmssis.models.detectors import SemiInstanceSegmentor
from mmssis.structures import PseudoLabelContext

COUNTER = count()


class FakeDetector(nn.Module):
    """What hooks read of a detector, without networks."""

    def __init__(self, hooks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.student, self.teacher = nn.Linear(1, 1), nn.Linear(1, 1)
        self.pseudo_label_hooks = nn.ModuleList(hooks)
        self.pseudo_label_counts: Counter = Counter()
        self.keep_trace, self.trace, self.trace_context = False, None, None
        self.predict_on, self.in_burn_in = 'teacher', False
        self.unsup_weight, self.burn_in = 1.0, 0

    named_hooks = SemiInstanceSegmentor.named_hooks

    def step(self, stages: Dict[str, List[InstanceData]],
             metas: Optional[List[dict]] = None) -> None:
        """Behave as in a training step whose stages gave these instances."""
        for name, instances in stages.items():
            self.pseudo_label_counts[name] += sum(map(len, instances))
        self.pseudo_label_counts['images'] += len(next(iter(stages.values())))
        self.trace = stages if self.keep_trace else None
        self.trace_context = PseudoLabelContext(
            torch.zeros(len(metas or []), 3, 16, 16), metas or [], 0., 0., [],
            torch.zeros(3, 1, 1), torch.ones(3, 1, 1))


class NamedHook(nn.Module):
    """A pseudo-label hook of which only the name matters."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def fake_runner(hooks: Sequence[nn.Module] = (), classes: Sequence[str] = ('cat', 'dog'),
                work_dir: str = '') -> SimpleNamespace:
    """A runner around a fake detector, with a message hub of its own."""
    hub = MessageHub.get_instance(f'fake-runner-{next(COUNTER)}')
    dataset = SimpleNamespace(metainfo=dict(classes=tuple(classes)))
    return SimpleNamespace(
        model=FakeDetector(hooks), iter=0, message_hub=hub, work_dir=work_dir,
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
