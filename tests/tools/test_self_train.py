"""Teacher, pseudo labels, student, in one command."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from toy import CLASSES
from toy_pseudo import pseudo_config

from mmssis.commands import run_verb
from mmssis.utils import load_config

NO_STEP = subprocess.CompletedProcess([], 0)


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Config of a student, and its data, in the working directory."""
    config = pseudo_config(tmp_path, max_iters=2, val=True)
    (tmp_path / 'pseudo_labels.json').unlink()
    config['test_dataloader'] = config['val_dataloader']
    config['test_evaluator'] = config['val_evaluator']
    config['test_cfg'] = dict(type='TestLoop')
    # Random weights are sure of nothing.
    config['model'].test_cfg.rcnn.score_thr = 0.01
    config['custom_imports'] = dict(imports=['mmssis'])
    config.pop('work_dir')
    config['train_dataloader']['dataset']['pseudo']['ann_file'] = ''
    alone = dict(_delete_=True, batch_size=2, num_workers=0, sampler=dict(type='InfiniteSampler'),
                 dataset=config['train_dataloader']['dataset']['labeled'])
    config.update(
        self_training=dict(preset='none'),
        data_set=dict(
            root='.', classes=CLASSES, labeled='annotations/labeled.json',
            unlabeled='annotations/unlabeled.json', val='annotations/val.json',
            image_dirs=dict(labeled='labeled', unlabeled='unlabeled', val='val')),
        supervised=dict(
            model=dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead'))),
            train_dataloader=alone, train_cfg=dict(type='IterBasedTrainLoop')))
    Config(config).dump(tmp_path / 'student.py')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_two_rounds_end_with_a_student_and_repeat_nothing(world, run_tool, monkeypatch, capfd):
    """The teacher is trained by the command as it is; the other steps stay in this process."""
    start = subprocess.run

    def run(command, **settings):
        if settings or command[3] == 'train' and '--supervised' in command:
            return start(command, **settings)
        run_verb(command[3], command[4:])
        return NO_STEP

    monkeypatch.setattr(subprocess, 'run', run)
    run_tool('self_train.py', 'student.py', '--rounds', '2')
    runs = world / 'work_dirs/self_training/student'
    assert sorted(path.relative_to(runs).as_posix() for path in runs.glob('**/iter_2.pth')) == \
        ['round2/student/iter_2.pth', 'student/iter_2.pth', 'teacher/iter_2.pth']
    for folder in (runs, runs / 'round2'):
        content = json.loads((folder / 'pseudo/pseudo_labels.json').read_text())
        assert len(content['images']) == 4 and content['annotations']
    assert (runs / 'student/predictions').is_dir()
    capfd.readouterr()
    run_tool('self_train.py', 'student.py', '--rounds', '2')
    again = capfd.readouterr().out
    assert 'mmssis train' not in again and '4 predicted before' in again


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
            (out / 'pseudo_labels.json').write_text(json.dumps(
                dict(images=[], annotations=[], info=[thresholds, labels])))
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
    values = dict(box_thr=0.7, on_unreadable='skip', workers=0, max_per_image=7, score_floor=0.2,
                  amp=True)
    teacher, label, student = steps(
        world, run_tool, monkeypatch, '--cfg-options',
        *(f'self_training.{key}={value}' for key, value in values.items()))
    assert teacher[1:6] == ['-m', 'mmssis', 'train', 'student.py', '--supervised']
    assert '--supervised' in label and label[label.index('--unlabeled') + 1].endswith(
        'annotations/unlabeled.json')
    assert {'--box-thr=0.7', '--on-unreadable=skip', '--workers=0', '--max-per-image=7',
            '--score-floor=0.2', '--amp'} <= set(label)
    assert not any(word.startswith('--pixel') for word in label)
    assert student[3:5] == ['train', 'student.py'] and '--supervised' not in student
    out = label[label.index('--out') + 1]
    assert f'train_dataloader.dataset.pseudo.ann_file={out}/pseudo_labels.json' in student


def test_options_of_a_config_reach_whoever_builds_its_model(world, run_tool, monkeypatch):
    """And several GPUs start processes for every step."""
    lr, classes = 'optim_wrapper.optimizer.lr=1', f'data_set.val={world}/annotations/val.json'
    commands = steps(
        world, run_tool, monkeypatch, '--rounds', '2', '--gpus', '4', '--teacher-cfg-options', lr,
        '--cfg-options', 'self_training.amp=False', 'randomness.seed=2', classes)
    for command in commands:
        assert '--nproc_per_node=4' in command and command[-2:] == ['--launcher', 'pytorch']
    teacher, label, student, again, _ = (command[:-2] for command in commands)
    assert teacher[-2:] == label[-2:] == [classes, lr], 'the data of the student are the teacher\'s'
    assert student[-2:] == again[-2:] == ['randomness.seed=2', classes]
    assert not any(word.startswith('--amp') for word in label)


BOX = ['--cfg-options', 'self_training.box_thr=0.9']
SEED = ['--cfg-options', 'randomness.seed=7']
TEACHER_SEED = ['--teacher-cfg-options', 'randomness.seed=7']


@pytest.mark.parametrize('stop, now, folder, difference', [
    pytest.param(1, BOX, 'student', 'self_training.box_thr: nothing there, 0.9 now',
                 id='labels of an interrupted student'),
    pytest.param(2, SEED, 'student', 'randomness.seed: .* there, 7 now', id='student'),
    pytest.param(2, TEACHER_SEED, 'teacher', 'randomness.seed: .* there, 7 now', id='teacher'),
])
def test_a_work_dir_of_other_settings_is_refused(stop, now, folder, difference, world, run_tool,
                                                 monkeypatch):
    steps(world, run_tool, monkeypatch, stop=stop)
    labels = world / 'work_dirs/self_training/student/pseudo/pseudo_labels.json'
    content = labels.read_bytes()
    remedies = 'another work directory, or delete .* --work-dir and --teacher-work-dir'
    place = f'self_training/student/{folder}'
    with pytest.raises(SystemExit, match=f'{place} .*{difference}.*{remedies}'):
        steps(world, run_tool, monkeypatch, *now, stop=2)
    assert labels.read_bytes() == content
    verbs = [command[3] for command in steps(world, run_tool, monkeypatch, stop=2)]
    assert ('train' in verbs) is (stop == 1)


def test_a_later_round_of_other_settings_is_refused(world, run_tool, monkeypatch):
    """Its labels' digest covers the student before, whose folder was deleted here."""
    steps(world, run_tool, monkeypatch, '--rounds', '2', stop=2)
    first = world / 'work_dirs/self_training/student'
    assert (first / 'round2/student/self_training.json').exists()
    for name in ('iter_2.pth', 'self_training.json'):
        (first / 'student' / name).unlink()
    with pytest.raises(SystemExit, match='round2/student .*box_thr: nothing there, 0.9 now'):
        steps(world, run_tool, monkeypatch, '--rounds', '2', *BOX)


def test_a_student_of_other_labels_is_refused(world, run_tool, monkeypatch):
    """Whatever changed them: another teacher, images that are back."""
    steps(world, run_tool, monkeypatch, stop=1)
    with pytest.raises(SystemExit, match='pseudo_labels_sha256: "[0-9a-f]+" there, "[0-9a-f]+"'):
        steps(world, run_tool, monkeypatch, stop=2, labels='others')
    assert not (world / 'work_dirs/self_training/student/student/iter_2.pth').exists()


def test_how_images_are_read_is_no_setting_of_a_student(world, run_tool, monkeypatch, capsys):
    steps(world, run_tool, monkeypatch, stop=2)
    capsys.readouterr()
    options = ['--cfg-options', 'self_training.on_unreadable=skip', 'self_training.workers=0']
    (label, ) = steps(world, run_tool, monkeypatch, *options)
    assert label[3] == 'label'
    assert 'Warning' not in capsys.readouterr().out


def test_a_training_without_checkpoint_may_begin_with_others(world, run_tool, monkeypatch):
    steps(world, run_tool, monkeypatch)
    steps(world, run_tool, monkeypatch, *SEED, stop=2)
    folder = world / 'work_dirs/self_training/student/student'
    record = json.loads((folder / 'self_training.json').read_text())
    assert record['settings']['randomness.seed'] == 7
    assert len(steps(world, run_tool, monkeypatch, *SEED)) == 1


def test_trainings_of_an_earlier_version_are_accepted_with_a_warning(world, run_tool, monkeypatch,
                                                                     capsys):
    for name in ('teacher', 'student'):
        write_checkpoint(world / 'work_dirs/self_training/student' / name, 2)
    for _ in range(2):
        assert len(steps(world, run_tool, monkeypatch, *BOX)) == 1
        assert capsys.readouterr().out.count('without self_training.json') == 2


def test_a_damaged_record_and_a_step_that_fails_end_the_run(world, run_tool, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, 'run', lambda command: subprocess.CompletedProcess(command, 3))
        with pytest.raises(SystemExit, match='mmssis train ended with 3'):
            run_tool('self_train.py', 'student.py')
    steps(world, run_tool, monkeypatch, stop=2)
    (world / 'work_dirs/self_training/student/teacher/self_training.json').write_text('{')
    with pytest.raises(SystemExit, match='teacher/self_training.json is no valid JSON'):
        steps(world, run_tool, monkeypatch)


def test_an_image_that_cannot_be_read_ends_with_a_student_if_it_is_skipped(world, run_tool,
                                                                           monkeypatch):
    torn = sorted((world / 'unlabeled').iterdir())[1]
    torn.write_bytes(torn.read_bytes()[:60])

    def run(command):
        """Labels as they are made; of trainings, the first weights."""
        verb, arguments = command[3], command[4:]
        if verb == 'train':
            folder = Path(command[command.index('--work-dir') + 1])
            folder.mkdir(parents=True, exist_ok=True)
            model = MODELS.build(
                load_config(arguments[0], supervised='--supervised' in command).model)
            torch.save(dict(state_dict=model.state_dict()), folder / 'iter_2.pth')
            return NO_STEP
        try:
            run_verb(verb, arguments)
        except SystemExit as error:
            assert torn.name in str(error)
            return subprocess.CompletedProcess(command, 1)
        return NO_STEP

    monkeypatch.setattr(subprocess, 'run', run)
    command = ['self_train.py', 'student.py', '--cfg-options', 'self_training.score_floor=0.01',
               'self_training.workers=0']
    with pytest.raises(SystemExit, match='mmssis label ended with 1'):
        run_tool(*command)
    student = world / 'work_dirs/self_training/student'
    assert not (student / 'student/iter_2.pth').exists()
    run_tool(*command, 'self_training.on_unreadable=skip')
    content = json.loads((student / 'pseudo/pseudo_labels.json').read_text())
    assert (student / 'student/iter_2.pth').exists() and content['annotations']
    assert torn.name not in {Path(image['file_name']).name for image in content['images']}


WRONG_PLANS = {
    'box_thr=2': "box_thr = 2 .*give 'matched' or a number in .0, 1.",
    'score_floor=matched': "score_floor = 'matched'",
    'max_per_image=0': 'max_per_image = 0.*number >= 1',
    'workers=True': 'workers = True .*number >= 0',
    'amp=1': 'amp = 1 .*give True or False',
    'on_unreadable=ignore': "give 'error' or 'skip'",
    'preset=slow': "preset = 'slow' .*give one of",
}


def test_a_wrong_plan_is_refused_before_the_teacher_trains(world, run_tool, monkeypatch):
    for change, message in WRONG_PLANS.items():
        with pytest.raises((SystemExit, ValueError), match=message):
            steps(world, run_tool, monkeypatch, '--cfg-options', f'self_training.{change}')
