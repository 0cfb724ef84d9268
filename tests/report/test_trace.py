"""What becomes of each candidate, on hooks that drop, change, weigh and replace."""

import pytest
import torch
from mmengine.structures import InstanceData
from toy import bare_sample
from toy_pais import KINDS, build_pais

from mmssis.models.pseudo_labels import AssignToBoxes, DualThresholdFilter, MaskUncertainty
from mmssis.report.gallery import MAX_CANDIDATES, Drawing, _shown
from mmssis.report.trace import TRACE, fates, trace_stages, why_empty

CLASSES = ('cat', 'dog')


def candidates(*scores):
    """Candidates of class 0 with one full mask each."""
    scores = torch.tensor(scores)
    return InstanceData(
        metainfo=dict(input_shape=(32, 32)), class_scores=scores,
        labels=torch.zeros(len(scores), dtype=torch.long),
        mask_logits=torch.full((len(scores), 8, 8), 5.0))


class Detector:
    """Gives stages that are made of its candidates by functions."""

    def __init__(self, first, **hooks):
        self.first = first
        self.pseudo_label_hooks = {name: hook for name, (hook, _) in hooks.items()}
        self.functions = {name: function for name, (_, function) in hooks.items()}

    def pseudo_label_stages(self, images, samples):
        found = self.first
        yield 'candidates', [found]
        for name, function in self.functions.items():
            found = function(found[:])
            yield name, [found]


def keep(*places):
    return lambda instances: instances[torch.tensor(places, dtype=torch.long)]


def correct(instances):
    instances.labels = torch.ones_like(instances.labels)
    return instances


def weigh(instances):
    instances.cls_weights = torch.full((len(instances), ), 0.25)
    return instances


DDTF = DualThresholdFilter(class_thr=0.7, mask_thr=0.5)
# It drops nothing, so it is asked for no reason.
CHANGES = None


def traced(detector):
    return trace_stages(detector, None, None, CLASSES)


def test_dropped_changed_and_weighed():
    stages = traced(Detector(candidates(0.9, 0.2, 0.8), ddtf=(DDTF, keep(0, 2)),
                             dicc=(CHANGES, correct), weight=(CHANGES, weigh)))
    assert [stage.numbers() for stage in stages] == [[1, 2, 3], [1, 3], [1, 3], [1, 3]]
    assert stages[1].dropped == {2: 'class score 0.20 below ddtf.class_thr 0.7'}
    assert stages[2].notes == {1: 'cat > dog', 3: 'cat > dog'}
    assert stages[3].notes == {1: 'class weight 0.25', 3: 'class weight 0.25'}
    assert fates(stages) == {
        1: 'becomes a pseudo label', 2: 'dropped: class score 0.20 below ddtf.class_thr 0.7',
        3: 'becomes a pseudo label'}


def test_an_empty_stage_says_why():
    stages = traced(Detector(candidates(0.1, 0.3), ddtf=(DDTF, keep()),
                             pmua=(MaskUncertainty(), keep())))
    assert [why_empty(stages, i) for i in range(3)] == [
        '', 'ddtf keeps none of 2; the best by class score: class score 0.30 below ddtf.class_thr '
        '0.7.', 'Nothing reached pmua: ddtf has no instance.']
    nothing = traced(Detector(candidates(), ddtf=(DDTF, keep())))
    assert why_empty(nothing, 0) == 'The teacher gives no candidate for this image.'
    assert why_empty(nothing, 1).startswith('Nothing reached ddtf')


def test_what_a_hook_puts_in_their_place_is_new():
    stages = traced(Detector(candidates(0.9, 0.8), assign=(AssignToBoxes(),
                                                           lambda _: candidates(1.0))))
    assert stages[1].numbers() == [3] and set(stages[1].dropped) == {1, 2}
    assert fates(stages)[3] == 'becomes a pseudo label'


def test_only_the_best_candidates_are_drawn_and_those_that_survive():
    scores = [0.5 + 0.01 * i for i in range(MAX_CANDIDATES + 5)]
    stages = traced(Detector(candidates(*scores), ddtf=(DDTF, keep(0))))
    shown = _shown(stages)
    assert len(shown) == MAX_CANDIDATES + 1 and 1 in shown and 2 not in shown


def test_equal_outlines_are_kept_once():
    stages = traced(Detector(candidates(0.9, 0.8)))
    drawing = Drawing((32, 16), (20, 40))
    first = drawing.instances(stages[0].instances, {1, 2}, {2: 'a note'})
    assert [one['path'] for one in first] == [0, 0] and len(drawing.paths) == 1
    assert [one['note'] for one in first] == ['', 'a note']
    # What lies in the padding is not drawn.
    padding = torch.zeros(32, 32, dtype=torch.bool)
    padding[:, 20:] = True
    assert drawing.paths[drawing.path(padding)] == ''


@pytest.mark.parametrize('kind', KINDS)
def test_every_family_is_traced(kind):
    model = build_pais(kind).eval()
    stages = trace_stages(model, torch.randn(1, 3, 64, 64), [bare_sample()], ('a', 'b', 'c'))
    assert [stage.name for stage in stages] == ['candidates', 'dual_threshold', 'da_loss']
    first, kept, weighed = stages
    assert {*kept.numbers()} | set(kept.dropped) == {*first.numbers()}
    assert all('dual_threshold' in text or text == 'its mask is empty'
               for text in kept.dropped.values())
    assert weighed.numbers() == kept.numbers() and TRACE in weighed.instances
    drawing = Drawing((64, 64), (64, 64))
    assert len(drawing.instances(first.instances, _shown(stages), {})) <= MAX_CANDIDATES
    assert drawing.uncertainty(weighed.instances) is None
    (uncertain, ) = MaskUncertainty()([weighed.instances[:]], None)
    assert drawing.uncertainty(uncertain).startswith('data:image/png')
