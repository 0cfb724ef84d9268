"""What a toy training and its evaluation show, in a pipe and in full."""

import logging
import re
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from toy import toy_config

from mmssis import api


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return tmp_path_factory.mktemp('shown')


def config(root: Path, name: str = 'toy', **changes):
    """A run of 4 updates, two of them burn-in, validated after 2 and 4."""
    settings = toy_config(root, val=True, write=not (root / 'annotations').exists())
    settings['train_cfg']['val_interval'] = 2
    settings['default_hooks'].update(
        preflight=dict(type='PreflightHook'), logger=dict(type='LoggerHook', interval=2),
        statistics=dict(type='PseudoLabelStatisticsHook', interval=2))
    settings['default_hooks']['checkpoint'].update(
        interval=2, save_best='teacher/coco/segm_mAP', rule='greater')
    for part in ('dataloader', 'evaluator'):
        settings[f'test_{part}'] = settings[f'val_{part}']
    settings.update(log_level='INFO', test_cfg=dict(type='TestLoop'),
                    work_dir=str(root / name), **changes)
    Config(settings).dump(root / f'{name}.py')
    return root / f'{name}.py'


def test_a_run_in_lines(root, capsys):
    work_dir = api.train(config(root))
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines.index(next(line for line in lines if line.startswith('1/4  sup '))) < 60
    assert '\x1b' not in out and 'Iter(train)' not in out and 'decoder' not in out
    assert 'Average Precision' not in out
    patterns = (
        r'source +images', r'Stages: supervised until 2 .*; validation every 2 updates\.$',
        r'Log: .*\.log$', r'1/4  sup [\d.]+  .* per update  left about [\d:]+ and validation$',
        r'Validation after update 2: teacher AP .*, student AP .*, best ',
        r'4/4  sup .*  unsup .*  pseudo labels .* per image  teacher AP .*  left [\d:]+$',
        r'Validation after update 4: ', r'Trained: 4 updates', r'Best checkpoint: .*/best_',
        r'Last checkpoint: .*/iter_4\.pth$', r'Next: mmssis test ', r'Next: mmssis report ')
    found = [next(i for i, line in enumerate(lines) if re.match(pattern, line))
             for pattern in patterns]
    assert found == sorted(found)
    log, = Path(work_dir).glob('*/*.log')
    for text in ('Config:', 'Hooks will be executed', 'Iter(train) [4/4]', 'Average Precision'):
        assert text in log.read_text()


def test_the_next_command_evaluates_in_few_lines(root, capsys):
    work_dir = root / 'toy'
    checkpoint, = work_dir.glob('best_*.pth')
    api.test(work_dir / 'toy.py', checkpoint, work_dir=root / 'tested')
    out = capsys.readouterr().out
    assert len(out.splitlines()) < 10 and 'teacher: coco/segm_mAP' in out


@pytest.mark.slow
def test_verbose_shows_what_mmengine_logs(root, capsys):
    api.train(config(root, 'verbose', val_cfg=None, val_dataloader=None, val_evaluator=None),
              verbose=True)
    out = capsys.readouterr().out
    assert 'Hooks will be executed' in out and 'Iter(train)' in out
    assert 'Trained:' not in out and '1/4  sup' not in out


def test_the_logger_of_an_ended_run_writes_by_itself_again(root, capsys):
    api.train(config(root, 'ended'))
    logger = MMLogger.get_current_instance()
    capsys.readouterr()
    assert [type(handler) for handler in logger.handlers] == [logging.FileHandler,
                                                              logging.StreamHandler]
    logger.info('after the run')
    assert 'after the run' in capsys.readouterr().out
