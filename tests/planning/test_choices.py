"""What is chosen for which data and machine."""

import pytest

from mmssis.planning import choices
from mmssis.planning.choices import BaseSettings
from mmssis.planning.data_facts import DataFacts, model_remarks
from mmssis.planning.machine import CPU_BASE, GPU_BASE, Machine, choose_base

CPU = BaseSettings(image_size=256, num_queries=100, labeled=2, unlabeled=4, max_iters=2000,
                   val_interval=250)
GPU = BaseSettings(image_size=800, num_queries=100, labeled=2, unlabeled=2, max_iters=20000,
                   val_interval=1000)
USUAL = dict(labeled=14, unlabeled=700, median_objects=2, most_objects=7, median_share=0.3,
             long_side=500)


def facts(**changes):
    return DataFacts(**dict(USUAL, **changes))


def base(memory=0.0):
    return choose_base(Machine('some GPU' if memory else None, memory))


@pytest.mark.parametrize('memory, config, limited', [
    pytest.param(0, CPU_BASE, False, id='no GPU'),
    pytest.param(4, CPU_BASE, False, id='a GPU too small for the large model'),
    pytest.param(7.6, GPU_BASE, True, id='what a GPU of 8 GB reports'),
    pytest.param(80, GPU_BASE, True, id='a large GPU'),
])
def test_base(memory, config, limited):
    found = base(memory)
    assert (found.config, found.memory is not None) == (config, limited)
    assert ('no GPU' in found.reason) == (memory == 0)


@pytest.mark.parametrize('memory, changes, expected, has_line', [
    pytest.param(0, {}, (2, 4), False, id='the base'),
    pytest.param(0, dict(labeled=1), (1, 4), True, id='one labeled image'),
    pytest.param(0, dict(unlabeled=3), (2, 3), True, id='few unlabeled images'),
    pytest.param(24, {}, (2, 2), False, id='24 GB'),
    pytest.param(15.7, {}, (2, 2), False, id='16 GB'),
    pytest.param(8, {}, (1, 1), True, id='8 GB'),
])
def test_batch(memory, changes, expected, has_line):
    choice, *counts = choices.choose_batch(facts(**changes), GPU if memory else CPU, base(memory))
    assert tuple(counts) == expected
    assert (choice.line is not None) == has_line
    if has_line:
        assert f'labeled={expected[0]}, unlabeled={expected[1]}' in choice.line


@pytest.mark.parametrize('memory, changes, size', [
    pytest.param(0, {}, 256, id='large objects: the base'),
    pytest.param(0, dict(median_share=1.0, long_side=4000), 256, id='objects as large as images'),
    pytest.param(0, dict(median_share=0.05), 320, id='16 px are enough'),
    pytest.param(0, dict(median_share=0.02), 416, id='8 px where 16 cost too much'),
    pytest.param(0, dict(median_share=0.005), 512, id='tiny objects: the largest for a CPU'),
    pytest.param(0, dict(long_side=60), 128, id='small images'),
    pytest.param(0, dict(long_side=60, median_share=0.08), 224, id='small objects on small images'),
    pytest.param(0, dict(long_side=10), 64, id='images of a few pixels'),
    pytest.param(24, {}, 800, id='GPU: the base'),
    pytest.param(24, dict(long_side=60), 800, id='GPU: never smaller, as validation is not'),
    pytest.param(24, dict(median_share=0.018), 896, id='GPU: 16 px are enough'),
    pytest.param(24, dict(median_share=0.005), 1024, id='tiny objects on 24 GB'),
    pytest.param(80, dict(median_share=0.005), 1280, id='tiny objects on 80 GB'),
    pytest.param(15.7, dict(median_share=0.005), 800, id='tiny objects on 16 GB'),
])
def test_image_size(memory, changes, size):
    settings = GPU if memory else CPU
    choice, found = choices.choose_image_size(
        facts(**changes), settings, base(memory), settings.labeled + settings.unlabeled)
    assert found == size
    assert choice.line == (None if size == settings.image_size else
                           f'image_size = ({size}, {size})')


def test_what_cannot_be_afforded_is_said():
    choice, size = choices.choose_image_size(facts(median_share=0.005), CPU, base(), 6)
    assert '16 px cost too much' in choice.reason
    remarks = list(model_remarks(facts(median_share=0.005, most_objects=900), size, 500))
    assert ['2.6 pixels' in remarks[0], '900 objects' in remarks[1]] == [True, True]
    assert not list(model_remarks(facts(), 256, 100))


@pytest.mark.parametrize('most, number', [
    pytest.param(1, 100, id='the base is not undercut'),
    pytest.param(80, 100, id='room for a quarter more'),
    pytest.param(81, 150, id='one step more'),
    pytest.param(270, 350, id='nuclei'),
    pytest.param(2000, 500, id='bounded'),
])
def test_num_queries(most, number):
    choice, found = choices.choose_num_queries(facts(most_objects=most), CPU)
    assert found == number
    assert choice.line == (None if number == 100 else f'num_queries = {number}')


@pytest.mark.parametrize('changes, batch, line', [
    pytest.param({}, (2, 4), None, id='the base'),
    pytest.param(dict(labeled=300), (2, 4), None, id='12 passes are within the base'),
    pytest.param(dict(labeled=1000), (2, 4), 'max_iters=6000, val_interval=750',
                 id='many labeled images'),
    pytest.param(dict(labeled=1, unlabeled=1), (1, 1), 'max_iters=1000, val_interval=125',
                 id='two images in all'),
    pytest.param({}, (1, 2), 'max_iters=4000, val_interval=500', id='half the batch'),
])
def test_schedule(changes, batch, line):
    choice, _ = choices.choose_schedule(facts(**changes), CPU, *batch)
    assert choice.line == (line and f'schedule = dict({line})')
