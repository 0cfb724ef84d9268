"""Fixtures of the whole suite."""

import gc
import random

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from toy_data import semi_dataset
from yapf.yapflib import yapf_api

import mmssis  # noqa: F401

# yapf is imported up here so that pytest fills its unlocked cache before it starts its workers.

# mmengine collects garbage for every data set it builds: half a second each over all that the
# imports made, and next to nothing once that is set aside.
gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of tests/fuzz: how many inputs each family gets, and their seed."""
    parser.addoption('--fuzz-inputs', type=int, default=40, help='inputs of each fuzz family')
    parser.addoption('--fuzz-seed', type=int, default=0, help='seed of the fuzz inputs')
    parser.addoption('--fuzz-log', metavar='FILE', help='write every input and its outcome')


@pytest.fixture(autouse=True)
def _scope_and_seed():
    """Every test starts in mmdet's scope, from one seed of every generator."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture(autouse=True)
def _plain_config_dumps(monkeypatch):
    """mmengine formats the config with yapf at every checkpoint: seconds each, of no use here."""
    monkeypatch.setattr(yapf_api, 'FormatCode', lambda text, **style: (text, True))


@pytest.fixture
def semi_data(tmp_path):
    """Config of 4 labeled images and a folder of 6 unlabeled ones."""
    return semi_dataset(tmp_path)
