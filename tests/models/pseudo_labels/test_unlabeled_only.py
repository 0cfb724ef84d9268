"""A hook applied to images without weak labels only."""

from typing import Optional

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

from mmssis.models.pseudo_labels import PseudoLabelHook
from mmssis.structures import PseudoLabelContext

KNOWN = InstanceData(labels=torch.tensor([0]), bboxes=torch.tensor([[0., 0., 8., 8.]]))


def image(num: int = 3) -> InstanceData:
    masks = torch.full((num, 4, 4), 9.0)
    return InstanceData(
        metainfo=dict(input_shape=(16, 16)), labels=torch.zeros(num, dtype=torch.long),
        class_scores=torch.linspace(0.2, 0.8, num), mask_logits=masks,
        bboxes=torch.zeros(num, 4))


def context(*weak: Optional[InstanceData]) -> PseudoLabelContext:
    return PseudoLabelContext(
        images=torch.zeros(len(weak), 3, 16, 16), metas=[{}] * len(weak), progress=0.0,
        total_progress=0.0, weak_labels=list(weak), pixel_mean=torch.zeros(3, 1, 1),
        pixel_std=torch.ones(3, 1, 1))


def only(**hook) -> PseudoLabelHook:
    return MODELS.build(dict(type='UnlabeledOnly', hook=hook))


@pytest.mark.parametrize('weak, kept', [
    pytest.param([KNOWN, KNOWN], [3, 3], id='all known: nothing changes'),
    pytest.param([None, None], [1, 1], id='none known: the hook alone'),
    pytest.param([KNOWN, None], [3, 1], id='mixed'),
    pytest.param([KNOWN[:0], None], [3, 1], id='known to be empty is known'),
])
def test_which_images_change(weak, kept):
    hook = only(type='ClassThresholdFilter', class_thr=0.6, min_area=0)
    given = [image() for _ in weak]
    changed = hook(given, context(*weak))
    assert [len(instances) for instances in changed] == kept
    assert all(a is b for a, b, known in zip(changed, given, weak) if known is not None)


@pytest.mark.parametrize('settings', [
    pytest.param(dict(type='DualThresholdFilter'), id='dual'),
    pytest.param(dict(type='AdaptiveThresholdFilter', num_classes=2, class_range=(0.0, 0.5),
                      mask_range=(0.0, 0.6), momentum=0.5, min_area=0), id='state over all ranks'),
    pytest.param(dict(type='AligningWeights', beta=None), id='weights'),
    pytest.param(dict(type='MaskUncertainty'), id='pixel weights'),
])
def test_a_batch_with_weak_labels_alone_is_no_trouble(settings):
    hook = only(**settings).train()
    before = {name: value.clone() for name, value in hook.state_dict().items()}
    assert [len(part) for part in hook([image(), image(0)], context(KNOWN, KNOWN))] == [3, 0]
    assert all(torch.equal(value, before[name]) for name, value in hook.state_dict().items())


def test_known_images_do_not_move_thresholds():
    settings = dict(type='AdaptiveThresholdFilter', num_classes=1, class_range=(0.0, 1.0),
                    mask_range=(0.0, 1.0), momentum=0.5, min_area=0)
    mixed, alone = only(**settings).train(), MODELS.build(settings).train()
    mixed([image(), image()], context(KNOWN, None))
    alone([image()], context(None))
    assert torch.equal(mixed.hook.class_thrs, alone.class_thrs)


class Listening(PseudoLabelHook):
    """A hook that writes down how it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = []

    def forward(self, pseudo_labels, context):
        return pseudo_labels

    def prepare(self, classes):
        self.calls.append(('prepare', classes))

    def attach(self, teacher):
        self.calls.append(('attach', teacher))

    def wants_labels(self, iteration):
        return iteration == 3

    def learn(self, candidates, data_samples):
        self.calls.append(('learn', candidates, data_samples))


def test_everything_else_is_handed_on():
    hook = only(type='MaskUncertainty')
    assert hook.name == 'MaskUncertainty'
    hook.hook = Listening()
    teacher = torch.nn.Identity()
    hook.prepare(('cat', ))
    hook.attach(teacher)
    hook.learn([1], [2])
    assert hook.hook.calls == [('prepare', ('cat', )), ('attach', teacher), ('learn', [1], [2])]
    assert [hook.wants_labels(i) for i in (2, 3)] == [False, True]
