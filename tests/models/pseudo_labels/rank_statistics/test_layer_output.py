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
    taken = output.take_output(4)
    assert torch.equal(taken, model.first(x)) and not taken.requires_grad
    taken = weakref.ref(output.take_output(4))  # of the call in the line above
    gc.collect()
    assert taken() is None, 'what was read is released'
    with pytest.raises(RuntimeError, match="'first' gave nothing since it was last read"):
        output.take_output(4)
    model.train()(x)
    with pytest.raises(RuntimeError, match='eval mode'):
        output.take_output(4)


def test_a_copy_has_its_own_and_a_checkpoint_has_none():
    host = nn.Module()
    host.model = Model().eval()
    host.output = LayerOutput(host.model, 'first')
    host.model(torch.rand(4, 2, requires_grad=True))
    twin = copy.deepcopy(host)
    twin.output.take_output(4)
    x = torch.rand(1, 2)
    twin.model(x)
    assert torch.equal(twin.output.take_output(1), twin.model.first(x))
    assert len(host.output.take_output(4)) == 4
    assert set(host.state_dict()) == {f'model.{name}' for name in Model().state_dict()}


def test_says_what_is_wrong():
    for layer, error, message in [
            ('firts', ValueError, r"'firts'.*no such layer.*'first'"),  # typing error
            ('both', TypeError, 'gives a tuple'),  # several outputs
            ('unused', RuntimeError, 'gave nothing'),  # never called
            ('first', RuntimeError, r'gave \(4, 3\), but there are 5'),  # images
    ]:
        model = Model().eval()
        with pytest.raises(error, match=message):
            output = LayerOutput(model, layer)
            model(torch.rand(4, 2))
            output.take_output(5)
