"""Teacher, pseudo labels, student, in one command."""

import json
import subprocess
from pathlib import Path

import pytest
from mmengine.config import Config
from models.roi_heads.toy_mask_rcnn import toy_mask_rcnn
from toy import CLASSES
from toy_pseudo import pseudo_config

NO_STEP = subprocess.CompletedProcess([], 0)


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Configs of a teacher and a student, and their data, in the working directory."""
    config = pseudo_config(tmp_path, max_iters=2, val=True)
    (tmp_path / 'pseudo_labels.json').unlink()
    config['test_dataloader'] = config['val_dataloader']
    config['test_evaluator'] = config['val_evaluator']
    config['test_cfg'] = dict(type='TestLoop')
    # Random weights are sure of nothing.
    config['model'].test_cfg.rcnn.score_thr = 0.01
    plan = dict(teacher='teacher.py', labeled='annotations/labeled.json',
                unlabeled='annotations/unlabeled.json', image_root='unlabeled', preset='none')
    config['custom_imports'] = dict(imports=['mmssis'])
    config.pop('work_dir')
    Config(dict(config, self_training=plan)).dump(tmp_path / 'student.py')
    loader = config['train_dataloader']
    alone = dict(batch_size=2, num_workers=0, dataset=loader['dataset']['datasets'][0],
                 sampler=dict(type='InfiniteSampler'))
    teacher = dict(config, train_dataloader=alone, train_cfg=dict(
        type='IterBasedTrainLoop', max_iters=2, val_interval=2))
    teacher['model'] = toy_mask_rcnn(len(CLASSES), mask_head='FCNMaskHead')
    Config(teacher).dump(tmp_path / 'teacher.py')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_two_rounds_end_with_a_student_and_repeat_nothing(world, run_tool, capfd):
    run_tool('self_train.py', 'student.py', '--rounds', '2')
    runs = world / 'work_dirs/self_training'
    assert sorted(path.relative_to(runs).as_posix() for path in runs.glob('**/iter_2.pth')) == \
        ['student/iter_2.pth', 'student/round2/iter_2.pth', 'teacher/iter_2.pth']
    for folder in (runs / 'student', runs / 'student/round2'):
        content = json.loads((folder / 'pseudo/pseudo_labels.json').read_text())
        assert len(content['images']) == 4 and content['annotations']
    assert (runs / 'student/predictions').is_dir()
    capfd.readouterr()
    run_tool('self_train.py', 'student.py', '--rounds', '2')
    again = capfd.readouterr().out
    assert 'train.py' not in again and '4 predicted before' in again


def steps(world, run_tool, monkeypatch, *options):
    """Command lines of a run whose steps are not taken."""
    commands = []
    monkeypatch.setattr(subprocess, 'run', lambda command: commands.append(command) or NO_STEP)
    run_tool('self_train.py', 'student.py', *options)
    return [[Path(word).name if word.endswith('.py') else word for word in command]
            for command in commands]


def test_the_steps_are_commands(world, run_tool, monkeypatch):
    teacher, label, student = steps(world, run_tool, monkeypatch)
    assert teacher[1:3] == ['train.py', 'teacher.py'] and student[1:3] == ['train.py', 'student.py']
    out = label[label.index('--out') + 1]
    assert student[-1] == f'train_dataloader.dataset.datasets.1.ann_file={out}/pseudo_labels.json'


def test_several_gpus_start_processes_for_every_step(world, run_tool, monkeypatch):
    for command in steps(world, run_tool, monkeypatch, '--gpus', '4'):
        assert '--nproc_per_node=4' in command and command[-2:] == ['--launcher', 'pytorch']


def test_options_of_a_config_reach_whoever_builds_its_model(world, run_tool, monkeypatch):
    teacher, label, student, again, _ = steps(
        world, run_tool, monkeypatch, '--rounds', '2', '--teacher-cfg-options', 'a=1',
        '--cfg-options', 'b=2')
    assert teacher[-1] == label[-1] == 'a=1' and student[-1] == again[-1] == 'b=2'


def test_thresholds_of_the_config_reach_the_labels(world, run_tool, monkeypatch):
    label = steps(world, run_tool, monkeypatch, '--cfg-options', 'self_training.box_thr=0.7')[1]
    assert '--box-thr=0.7' in label and not any(word.startswith('--pixel') for word in label)


def test_the_teacher_learns_on_the_own_data_of_the_student(world, run_tool, monkeypatch):
    own = dict(root=str(world), labeled='annotations/labeled.json', unlabeled='unlabeled',
               val='annotations/val.json', image_dirs=dict(labeled='labeled', val='val'))
    (world / 'student.py').write_text(
        (world / 'student.py').read_text() + f'\ndata_set = {own!r}\n')
    teacher, label, _ = steps(world, run_tool, monkeypatch)
    assert teacher[2] == 'on_own_data.py'
    cfg = Config.fromfile(world / 'work_dirs/self_training/teacher/on_own_data.py')
    assert cfg.data_set.root == str(world)
    assert label[label.index('--unlabeled') + 1] == str(world / 'unlabeled')


@pytest.mark.parametrize('changes, message', [
    pytest.param(['self_training.teacher=nowhere.py'], 'nowhere.py.* is not there', id='teacher'),
    pytest.param(['self_training.unlabeled=nowhere'], 'nowhere.* is not there', id='images'),
    pytest.param(['self_training.treshold=1'], 'unknown .*treshold', id='unknown key'),
])
def test_a_wrong_plan_is_refused_before_the_teacher_trains(changes, message, world, run_tool,
                                                           monkeypatch):
    with pytest.raises(SystemExit, match=message):
        steps(world, run_tool, monkeypatch, '--cfg-options', *changes)


def test_a_step_that_fails_ends_the_run(world, run_tool, monkeypatch):
    monkeypatch.setattr(subprocess, 'run',
                        lambda command: subprocess.CompletedProcess(command, 3))
    with pytest.raises(SystemExit, match='train.py ended with 3'):
        run_tool('self_train.py', 'student.py')
