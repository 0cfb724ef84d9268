"""What every test may need."""

import pytest
from mmengine.registry import DefaultScope
from toy_data import semi_dataset

import mmssis  # noqa: F401


@pytest.fixture(autouse=True)
def mmdet_scope():
    """Registries look into mmdet's scope, as in every config."""
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture
def semi_data(tmp_path):
    """Config of 4 labeled images and a folder of 6 unlabeled ones."""
    return semi_dataset(tmp_path)
