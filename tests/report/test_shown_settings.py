"""Settings that differ from the config that a run inherits from."""

import json
from types import SimpleNamespace

import pytest

from mmssis.engine.run_origin import shipped_base, write_origin
from mmssis.report.settings import base_of, differences
from mmssis.utils import load_config
from mmssis.utils.reading import SHIPPED

BASE = 'own_data/mask2former_lite0_cpu.py'


@pytest.fixture(scope='module')
def own(tmp_path_factory):
    """A config of a user."""
    path = tmp_path_factory.mktemp('own') / 'bolts.py'
    path.write_text(f"_base_ = 'mmssis::{BASE}'\n"
                    "data_set = dict(root='bolts', classes=('bolt', ), labeled='labeled.json',\n"
                    "                unlabeled='images', val='val.json')\n"
                    'model = dict(unsup_weight=0.5)\n')
    return path


def test_differences_are_told_from_what_follows(own):
    config = load_config(own, {'schedule.max_iters': 77}, check_data=False)
    changed, follows = differences(config, BASE)
    found = {setting.key: (setting.now, setting.base) for setting in changed}
    assert found['model.unsup_weight'][0] == '0.5'
    assert found['schedule.max_iters'][0] == '77'
    assert found['data_set.root'][0] == "'bolts'"
    assert not any('num_classes' in key or 'ann_file' in key for key in found)
    assert any('num_things_classes' in setting.key for setting in follows)


def test_a_config_does_not_differ_from_itself():
    config = load_config(SHIPPED / BASE, check_data=False)
    assert differences(config, BASE) == ([], [])


def test_base_of_a_run(own, tmp_path):
    assert shipped_base(own) == shipped_base(SHIPPED / BASE) == BASE
    runner = SimpleNamespace(work_dir=tmp_path, cfg=SimpleNamespace(filename=str(own)))
    write_origin(runner)
    origin = json.loads((tmp_path / 'run.json').read_text())
    assert base_of(origin, own) == BASE and 'torch' in origin['environment']
    assert base_of(None, own) is None
    write_origin(SimpleNamespace(work_dir=tmp_path, cfg=SimpleNamespace(filename=None)))
    assert json.loads((tmp_path / 'run.json').read_text())['base'] is None
