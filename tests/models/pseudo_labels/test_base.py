"""How pseudo-label hooks are built from a config, and which images they see."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

from mmssis.models.pseudo_labels import PseudoLabelHook, build_pseudo_label_hooks
from mmssis.structures import PseudoLabelContext

CLASS = dict(type='ClassThresholdFilter', class_thr=0.5, min_area=0)
DUAL = dict(type='DualThresholdFilter')


@MODELS.register_module()
class FirstAlone(PseudoLabelHook):
    """Keeps the first instance of every image and notes how many there were."""

    def forward(self, pseudo_labels, context):
        self.seen = [len(instances) for instances in pseudo_labels]
        return [instances[:1] for instances in pseudo_labels]


@pytest.mark.parametrize('cfgs, order', [
    pytest.param({}, [], id='none'),
    pytest.param(dict(a=CLASS, b=None, c=DUAL), ['a', 'c'], id='None leaves one out'),
    pytest.param(dict(a=CLASS, b=DUAL, c=dict(CLASS, before='b')), ['a', 'c', 'b'], id='before'),
    pytest.param(dict(a=CLASS, b=None, c=DUAL, d=dict(CLASS, before='b')), ['a', 'd', 'c'],
                 id='before one that is left out'),
])
def test_names_and_order(cfgs, order):
    hooks = build_pseudo_label_hooks(cfgs)
    assert list(hooks) == order
    assert all(hooks[name].only is None for name in order)


def test_the_key_of_what_is_wrong_is_named():
    for cfgs, message in [
            ([CLASS], 'is a list: give a dict'),  # a list
            (dict(mine=dict(class_thr=0.5)), 'hooks.mine = .*`type`'),  # no type
            (dict(mine=3), 'hooks.mine = 3: give a dict'),  # no dict
            (dict(mine=dict(CLASS, only='boxes')), "hooks.mine.only = 'boxes'"),  # only
            # before nobody
            (dict(a=CLASS, b=dict(CLASS, before='c')), r"b.before = 'c': give one of \['a'\]"),
            # setting
            (dict(mine=dict(CLASS, class_thr=2)), r'hooks.mine: class_thr = 2: .*\[0, 1\]'),
            # name of the first stage
            (dict(candidates=CLASS), 'hooks.candidates: no hook can have this name'),
    ]:
        with pytest.raises(ValueError, match=message):
            build_pseudo_label_hooks(cfgs)


@pytest.mark.parametrize('only, seen, left', [
    pytest.param(None, [2, 2], [1, 1], id='all images'),
    pytest.param('unlabeled', [0, 2], [2, 1], id='images with boxes pass unchanged'),
])
def test_only_unlabeled(only, seen, left):
    entry = dict(type='FirstAlone') if only is None else dict(type='FirstAlone', only=only)
    hook = build_pseudo_label_hooks(dict(first=entry))['first']
    images = [InstanceData(labels=torch.arange(2)) for _ in range(2)]
    context = PseudoLabelContext(
        images=torch.zeros(2, 3, 4, 4), metas=[{}, {}], progress=0.0,
        box_labels=[InstanceData(labels=torch.arange(0)), None], pixel_mean=torch.zeros(3, 1, 1),
        pixel_std=torch.ones(3, 1, 1))
    results = hook.run(images, context)
    assert hook.seen == seen and [len(instances) for instances in results] == left
    assert [len(instances) for instances in images] == [2, 2]
