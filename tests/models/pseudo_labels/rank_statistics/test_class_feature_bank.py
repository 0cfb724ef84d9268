"""ClassFeatureBank against lists."""

import pytest
import torch
from reference.rank_equations import QueuePerClass

from mmssis.models.pseudo_labels import ClassFeatureBank

K, D, S = 3, 4, 5


def news(*labels, seed=0):
    """Random features with the given labels."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(len(labels), D, generator=generator), torch.tensor(labels, dtype=torch.long)


def assert_equals(bank, expected):
    """The bank holds the lists: values, order, places left empty, prototypes."""
    assert bank.counts.tolist() == [len(queue) for queue in expected.queues]
    assert bank.has_features.tolist() == [len(queue) > 0 for queue in expected.queues]
    for features, queue in zip(bank.features, expected.queues):
        assert features[len(features) - len(queue):].tolist() == queue
        assert not features[:len(features) - len(queue)].any()
    flat = sum(expected.prototypes(D), [])
    assert bank.prototypes().flatten().tolist() == pytest.approx(flat)


@pytest.mark.parametrize('updates', [
    pytest.param([(), (0, 1), ()], id='none before and after some'),
    pytest.param([(-1, K, -1)], id='no feature of any class'),
    pytest.param([(0, -1, 1, K, 0)], id='some of no class'),
    pytest.param([(0, ) * S], id='exactly full'),
    pytest.param([(2, ) * S, (2, )], id='the oldest falls out'),
    pytest.param([(0, 1, 0), (0, 0, 2), (0, 1, 0), (0, 0)] * 3, id='wraps several times'),
    pytest.param([(0, ) * (S + 3), (1, ) * 9 + (0, ), (0, 1) * 7], id='overflows: the newest stay'),
])
def test_update(updates):
    for max_new in (None, 2, 1):
        bank = ClassFeatureBank(K, D, S, max_new)
        expected = QueuePerClass(K, S, max_new or S)
        for seed, labels in enumerate(updates):
            features, labels = news(*labels, seed=seed)
            bank.update(features.half().requires_grad_(), labels.int())
            expected.update((features.half().float().tolist(), labels.tolist()))
        assert_equals(bank, expected)
        assert bank.features.dtype == torch.float32 and not bank.prototypes().requires_grad


def test_follows_the_model_and_never_reads_a_value_on_the_host():
    """The meta device has shapes and no values: reading one raises."""
    bank = torch.nn.Sequential(ClassFeatureBank(K, D, S)).to('meta')[0]
    bank.update(*(value.to('meta') for value in news(0, -1, 1, 0)))
    assert bank.prototypes().shape == (K, D) and bank.prototypes().device.type == 'meta'
    assert bank.has_features.device.type == 'meta'


def test_refuses_settings():
    for settings, message in [
            (dict(num_classes=0), 'num_classes = 0'),  # no class
            (dict(channels=0), 'channels = 0'),  # no channel
            (dict(size=0), 'size = 0'),  # no place
            (dict(max_new=0), r'max_new = 0.*\[1, 5\]'),  # nothing new
            (dict(max_new=6), r'max_new = 6.*\[1, 5\]'),  # more new than places
    ]:
        with pytest.raises(ValueError, match=message):
            ClassFeatureBank(**dict(dict(num_classes=K, channels=D, size=S), **settings))
    for features, labels, message in [
            ((2, D + 1), 2, r'\(2, 5\).*\(M, 4\)'),  # channels
            ((D, 2, 2), D, r'\(4, 2, 2\).*\(M, 4\)'),  # a map
            ((2, D), 3, r'\(3,\).*\(2,\)'),  # labels
    ]:
        with pytest.raises(ValueError, match=message):
            ClassFeatureBank(K, D, S).update(torch.zeros(features), torch.zeros(labels).long())
