"""The toy run and its page."""

import pytest
from mmengine.registry import DefaultScope
from toy_run import train

from mmssis.api import report


@pytest.fixture(scope='session')
def work_dir(tmp_path_factory):
    """Work directory of a toy run."""
    with DefaultScope.overwrite_default_scope('mmdet'):
        return train(tmp_path_factory.mktemp('run'))


@pytest.fixture(scope='session')
def page(work_dir):
    """The page of the toy run, beside itself as its baseline."""
    return report(work_dir, images=3, val_images=2, baseline=work_dir, device='cpu')
