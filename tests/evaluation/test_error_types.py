"""The five types of PL-DC's Fig. 5 on one ground-truth object and its neighbour."""

import pytest
import torch

from mmssis.evaluation import ERROR_TYPES, classify_errors, count_error_types, superclasses_of

CAT, DOG, CAR = 0, 1, 2
ANIMAL_ANIMAL_VEHICLE = torch.tensor([0, 0, 1])


def span(start, end):
    mask = torch.zeros(1, 1, 20, dtype=torch.bool)
    mask[..., start:end] = True
    return mask


GT_MASKS, GT_LABELS = torch.cat([span(0, 4), span(10, 14)]), torch.tensor([CAT, CAR])


@pytest.mark.parametrize('mask, label, superclasses, expected', [
    pytest.param(span(0, 4), CAT, None, 'Cor', id='right'),
    pytest.param(span(0, 2), CAT, None, 'Loc', id='IoU of exactly 0.5 is not above it'),
    pytest.param(span(0, 4), DOG, ANIMAL_ANIMAL_VEHICLE, 'Sim', id='similar'),
    pytest.param(span(0, 4), DOG, None, 'Oth', id='nothing is similar without superclasses'),
    pytest.param(span(0, 4), CAR, ANIMAL_ANIMAL_VEHICLE, 'Oth', id='another superclass'),
    pytest.param(span(0, 11), CAR, ANIMAL_ANIMAL_VEHICLE, 'Loc', id='touches its own class'),
    pytest.param(span(5, 9), CAT, None, 'BG', id='no object'),
    pytest.param(span(0, 1), DOG, None, 'BG', id='touches other classes only'),
])
def test_types(mask, label, superclasses, expected):
    types = classify_errors(mask, torch.tensor([label]), GT_MASKS, GT_LABELS, superclasses)
    assert [ERROR_TYPES[code] for code in types] == [expected]


def test_covering_a_wrong_object_outranks_touching_one_of_the_own_class():
    masks = torch.cat([span(0, 4), span(3, 7)])
    types = classify_errors(span(0, 4), torch.tensor([DOG]), masks, torch.tensor([CAT, DOG]))
    assert ERROR_TYPES[types[0]] == 'Oth'


def test_without_ground_truth_everything_is_background():
    none = torch.zeros(0, 1, 20, dtype=torch.bool)
    types = classify_errors(GT_MASKS, GT_LABELS, none, torch.zeros(0, dtype=torch.long))
    assert count_error_types(types).tolist() == [0, 0, 0, 0, 2]
    assert count_error_types(types[:0]).tolist() == [0] * 5


def test_superclasses_of():
    animal, way = dict(supercategory='animal'), dict(supercategory='way')
    in_another_order = [dict(animal, name='cat'), dict(way, name='car'), dict(animal, name='dog')]
    assert superclasses_of(in_another_order, ('cat', 'dog', 'car')).tolist() == [0, 0, 1]
    for categories in ([dict(name=name) for name in ('cat', 'dog', 'car')],  # none, or each its own
                       [dict(name=name, supercategory=name) for name in ('cat', 'dog', 'car')]):
        assert superclasses_of(categories, ('cat', 'dog', 'car')) is None
