"""Teacher, pseudo labels, student, in one command."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
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


def steps(world, run_tool, monkeypatch, *options, stop=0, labels=''):
    """Command lines of a run whose steps are not taken, but that of the labels.

    With ``stop`` trainings leave the checkpoint of that iteration; ``labels`` is in the file.
    """
    commands = []

    def run(command):
        commands.append(command)
        if '--out' in command:
            out = Path(command[command.index('--out') + 1])
            out.mkdir(parents=True, exist_ok=True)
            thresholds = [word for word in command if word.startswith('--box-thr')]
            (out / 'pseudo_labels.json').write_text(f'{thresholds} {labels}')
        elif stop:
            write_checkpoint(Path(command[command.index('--work-dir') + 1]), stop)
        return NO_STEP

    monkeypatch.setattr(subprocess, 'run', run)
    run_tool('self_train.py', 'student.py', *options)
    return [[Path(word).name if word.endswith('.py') else word for word in command]
            for command in commands]


def write_checkpoint(folder, number):
    """What looks like a whole checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f'iter_{number}.pth', 'w') as file:
        file.writestr('archive/data.pkl', '')


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


BOX = ['--cfg-options', 'self_training.box_thr=0.9']
SEED = ['--cfg-options', 'randomness.seed=7']
TEACHER_SEED = ['--teacher-cfg-options', 'randomness.seed=7']


@pytest.mark.parametrize('stop, now, folder, difference', [
    pytest.param(2, BOX, 'student', 'self_training.box_thr: nothing there, 0.9 now', id='labels'),
    pytest.param(1, BOX, 'student', 'self_training.box_thr', id='of an interrupted student'),
    pytest.param(2, SEED, 'student', 'randomness.seed: .* there, 7 now', id='student'),
    pytest.param(2, TEACHER_SEED, 'teacher', 'randomness.seed: .* there, 7 now', id='teacher'),
])
def test_a_work_dir_of_other_settings_is_refused(stop, now, folder, difference, world, run_tool,
                                                 monkeypatch):
    steps(world, run_tool, monkeypatch, stop=stop)
    labels = world / 'work_dirs/self_training/student/pseudo/pseudo_labels.json'
    content = labels.read_bytes()
    remedies = 'another work directory, or delete .* --work-dir and --teacher-work-dir'
    with pytest.raises(SystemExit, match=f'self_training/{folder} .*{difference}.*{remedies}'):
        steps(world, run_tool, monkeypatch, *now, stop=2)
    assert labels.read_bytes() == content
    trained = [command[1] for command in steps(world, run_tool, monkeypatch, stop=2)]
    assert ('train.py' in trained) is (stop == 1)


def test_a_later_round_of_other_settings_is_refused(world, run_tool, monkeypatch):
    """Its labels' digest covers the student before, whose folder was deleted here."""
    steps(world, run_tool, monkeypatch, '--rounds', '2', stop=2)
    first = world / 'work_dirs/self_training/student'
    assert (first / 'round2/self_training.json').exists()
    for name in ('iter_2.pth', 'self_training.json'):
        (first / name).unlink()
    with pytest.raises(SystemExit, match='student/round2 .*box_thr: nothing there, 0.9 now'):
        steps(world, run_tool, monkeypatch, '--rounds', '2', *BOX)


def test_a_student_of_other_labels_is_refused(world, run_tool, monkeypatch):
    """Whatever changed them: another teacher, images that are back."""
    steps(world, run_tool, monkeypatch, stop=1)
    with pytest.raises(SystemExit, match='pseudo_labels_sha256: "[0-9a-f]+" there, "[0-9a-f]+"'):
        steps(world, run_tool, monkeypatch, stop=2, labels='others')
    assert not (world / 'work_dirs/self_training/student/iter_2.pth').exists()


def test_an_edited_config_is_another_setting(world, run_tool, monkeypatch):
    steps(world, run_tool, monkeypatch, stop=2)
    with (world / 'teacher.py').open('a') as file:
        file.write("\nmodel['rpn_head']['feat_channels'] = 8\n")
    with pytest.raises(SystemExit, match='teacher .*model.rpn_head.feat_channels: .* 8 now'):
        steps(world, run_tool, monkeypatch)


def test_how_images_are_read_is_no_setting_of_a_student(world, run_tool, monkeypatch, capsys):
    steps(world, run_tool, monkeypatch, stop=2)
    capsys.readouterr()
    options = ['--cfg-options', 'self_training.on_unreadable=skip', 'self_training.workers=0']
    (label, ) = steps(world, run_tool, monkeypatch, *options)
    assert 'generate_pseudo_labels.py' in label
    assert 'Warning' not in capsys.readouterr().out


def test_a_training_without_checkpoint_may_begin_with_others(world, run_tool, monkeypatch):
    steps(world, run_tool, monkeypatch)
    steps(world, run_tool, monkeypatch, *SEED, stop=2)
    record = json.loads((world / 'work_dirs/self_training/student/self_training.json').read_text())
    assert record['settings']['randomness.seed'] == 7
    assert len(steps(world, run_tool, monkeypatch, *SEED)) == 1


def test_trainings_of_an_earlier_version_are_accepted_with_a_warning(world, run_tool, monkeypatch,
                                                                     capsys):
    for name in ('teacher', 'student'):
        write_checkpoint(world / 'work_dirs/self_training' / name, 2)
    for _ in range(2):
        assert len(steps(world, run_tool, monkeypatch, *BOX)) == 1
        assert capsys.readouterr().out.count('without self_training.json') == 2


def test_a_damaged_record_is_named(world, run_tool, monkeypatch):
    steps(world, run_tool, monkeypatch, stop=2)
    (world / 'work_dirs/self_training/teacher/self_training.json').write_text('{')
    with pytest.raises(SystemExit, match='teacher/self_training.json is no valid JSON'):
        steps(world, run_tool, monkeypatch)


def test_options_of_the_generator_are_keys_of_the_config(world, run_tool, monkeypatch):
    values = dict(on_unreadable='skip', workers=0, max_per_image=7, score_floor=0.2, pixel_thr=0.4)
    options = [f'self_training.{key}={value}' for key, value in values.items()]
    label = steps(world, run_tool, monkeypatch, '--cfg-options', *options,
                  'self_training.amp=True')[1]
    assert {'--on-unreadable=skip', '--workers=0', '--max-per-image=7', '--score-floor=0.2',
            '--pixel-thr=0.4', '--amp'} <= set(label)
    plain = steps(world, run_tool, monkeypatch, '--cfg-options', 'self_training.amp=False')[1]
    assert not any(word.startswith('--amp') for word in plain)


def test_an_image_that_cannot_be_read_ends_with_a_student_if_it_is_skipped(world, run_tool,
                                                                           monkeypatch):
    torn = sorted((world / 'unlabeled').iterdir())[1]
    torn.write_bytes(torn.read_bytes()[:60])

    def run(command):
        """Labels as they are made; of trainings, the first weights."""
        tool, arguments = Path(command[1]).name, command[2:]
        if tool == 'train.py':
            folder = Path(command[command.index('--work-dir') + 1])
            folder.mkdir(parents=True, exist_ok=True)
            model = MODELS.build(Config.fromfile(command[2]).model)
            torch.save(dict(state_dict=model.state_dict()), folder / 'iter_2.pth')
            return NO_STEP
        try:
            run_tool(tool, *arguments)
        except SystemExit as error:
            assert torn.name in str(error)
            return subprocess.CompletedProcess(command, 1)
        return NO_STEP

    monkeypatch.setattr(subprocess, 'run', run)
    command = ['self_train.py', 'student.py', '--cfg-options', 'self_training.score_floor=0.01',
               'self_training.workers=0']
    with pytest.raises(SystemExit, match='generate_pseudo_labels.py ended with 1'):
        run_tool(*command)
    student = world / 'work_dirs/self_training/student'
    assert not (student / 'iter_2.pth').exists()
    run_tool(*command, 'self_training.on_unreadable=skip')
    content = json.loads((student / 'pseudo/pseudo_labels.json').read_text())
    assert (student / 'iter_2.pth').exists() and content['annotations']
    assert torn.name not in {Path(image['file_name']).name for image in content['images']}


@pytest.mark.parametrize('changes, message', [
    pytest.param(['self_training.box_thr=2'], "box_thr = 2 .*give 'matched' or a number in .0, 1.",
                 id='threshold'),
    pytest.param(['self_training.score_floor=matched'], "score_floor = 'matched'", id='no number'),
    pytest.param(['self_training.max_per_image=0'], 'max_per_image = 0 .*number >= 1', id='none'),
    pytest.param(['self_training.workers=True'], 'workers = True .*number >= 0', id='workers'),
    pytest.param(['self_training.amp=1'], 'amp = 1 .*give True or False', id='amp'),
    pytest.param(['self_training.on_unreadable=ignore'], "give 'error' or 'skip'", id='unreadable'),
    pytest.param(['self_training.preset=slow'], "preset = 'slow' .*give one of", id='preset'),
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
