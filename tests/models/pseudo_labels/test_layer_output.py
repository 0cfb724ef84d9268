"""LayerOutput: names, copies, checkpoints, memory."""

import copy
import gc
import weakref

import pytest
import torch
from torch import nn

from mmssis.models.pseudo_labels import LayerOutput


class Pair(nn.Module):
    """Gives two tensors."""

    def forward(self, x):
        return x, 2 * x


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.both = Pair()
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        return self.both(self.first(x))


def test_takes_the_last_output_once():
    model = Model().eval()
    output = LayerOutput(model, 'first')
    model(torch.zeros(2, 2))
    x = torch.rand(4, 2)
    model(x)
    taken = output.take(4)
    assert torch.equal(taken, model.first(x)) and not taken.requires_grad
    output.take(4)  # of the call in the line above
    with pytest.raises(RuntimeError, match="'first' gave nothing since it was last read"):
        output.take(4)


def test_releases_what_was_read():
    model = Model().eval()
    output = LayerOutput(model, 'first')
    model(torch.rand(4, 2))
    taken = weakref.ref(output.take(4))
    gc.collect()
    assert taken() is None


@pytest.mark.parametrize('index', [0, 1])
def test_part_of_a_tuple(index):
    model = Model().eval()
    output = LayerOutput(model, 'both', index)
    expected = model(torch.rand(4, 2))[index]
    assert torch.equal(output.take(4), expected)


def test_a_layer_in_training_mode_is_not_listened_to():
    model = Model().train()
    output = LayerOutput(model, 'first')
    model(torch.rand(4, 2))
    with pytest.raises(RuntimeError, match='eval mode'):
        output.take(4)


def test_a_copy_has_its_own_and_a_checkpoint_has_none():
    host = nn.Module()
    host.model = Model().eval()
    host.output = LayerOutput(host.model, 'first')
    host.model(torch.rand(4, 2, requires_grad=True))
    twin = copy.deepcopy(host)
    twin.output.take(4)
    x = torch.rand(1, 2)
    twin.model(x)
    assert torch.equal(twin.output.take(1), twin.model.first(x))
    assert len(host.output.take(4)) == 4
    assert set(host.state_dict()) == {f'model.{name}' for name in Model().state_dict()}


@pytest.mark.parametrize('layer, index, error, message', [
    pytest.param('firts', None, ValueError, r"'firts'.*no such layer.*'first'", id='typing error'),
    pytest.param('', None, TypeError, 'gives a tuple.*output_index', id='the model itself'),
    pytest.param('both', None, TypeError, 'gives a tuple.*output_index', id='several outputs'),
    pytest.param('unused', None, RuntimeError, 'gave nothing', id='never called'),
    pytest.param('first', None, RuntimeError, r'gave \(4, 3\), but there are 5', id='images'),
])
def test_says_what_is_wrong(layer, index, error, message):
    model = Model().eval()
    with pytest.raises(error, match=message):
        output = LayerOutput(model, layer, index)
        model(torch.rand(4, 2))
        output.take(5)
