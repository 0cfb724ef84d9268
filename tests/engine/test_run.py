"""Ranks can agree before a Runner writes into the work directory."""

import pytest
from mmengine.config import Config

from mmssis.engine import run


@pytest.mark.parametrize('launcher, joined', [
    ('none', []),
    ('pytorch', ['fork', ('pytorch', dict(backend='nccl', timeout=60))]),
    ('slurm', ['fork', ('slurm', dict(backend='nccl', timeout=60))])])
def test_the_process_group_is_joined_as_the_runner_would(monkeypatch, tmp_path, launcher, joined):
    done = []
    monkeypatch.setattr(run.torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(run, 'set_multi_processing',
                        lambda mp_start_method, distributed: done.append(mp_start_method))
    monkeypatch.setattr(run, 'init_dist',
                        lambda launcher, **options: done.append((launcher, options)))
    (tmp_path / 'mine.py').touch()
    cfg = Config(dict(env_cfg=dict(mp_cfg=dict(mp_start_method='fork'),
                                   dist_cfg=dict(backend='nccl', timeout=60))),
                 filename=str(tmp_path / 'mine.py'))
    run.configure_run(cfg, None, launcher)
    assert done == joined and cfg.work_dir == 'work_dirs/mine'
