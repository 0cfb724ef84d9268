"""The guided teacher: fixed, then a copy of the student, then its moving average."""

from pathlib import Path
from typing import Callable, Dict, List, Optional

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from test_resume import assert_same_state
from torch import Tensor, nn
from toy import toy_config, toy_detector

from mmssis.engine.hooks import GuidedTeacherHook

State = Dict[str, Tensor]
GUIDED = 3


class Watch(Hook):
    """Keeps both branches before every iteration and after validation."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.before: List[Dict[str, State]] = []
        self.validated: List[State] = []

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        self.before.append({name: copied(getattr(runner.model, name).state_dict())
                            for name in ('teacher', 'student')})

    def after_val(self, runner: Runner) -> None:
        self.validated.append(copied(runner.model.teacher.state_dict()))


def copied(state: State) -> State:
    return {name: value.clone() for name, value in state.items()}


def equal(one: State, other: State) -> bool:
    return all(torch.equal(value, other[name]) for name, value in one.items())


def guided_config(root: Path, work_dir: str = 'work', guide: Optional[Path] = None,
                  max_iters: int = 6, guided: int = GUIDED, burn_in: int = 0, **kwargs) -> dict:
    """Guided burn-in and three more iterations, a checkpoint after each."""
    torch.set_num_threads(1)
    config = toy_config(root, max_iters=max_iters, burn_in=burn_in, num_unlabeled=2,
                        write=not (root / 'labeled').exists(), **kwargs)
    config['custom_hooks'][1] = dict(
        type='GuidedTeacherHook', guide=str(guide or root / 'guide/iter_1.pth'), guided=guided,
        momentum=0.9)
    config['default_hooks']['checkpoint'].update(interval=1)
    config.update(work_dir=str(root / work_dir), experiment_name=f'{root.name}-{work_dir}')
    return config


def build(config: dict) -> Runner:
    """A runner that does not format its config at every checkpoint."""
    return Runner.from_cfg(Config(config, format_python_code=False))


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy data and a supervised run of one iteration, the guide."""
    root = tmp_path_factory.mktemp('guided')
    torch.set_num_threads(1)
    config = toy_config(root, max_iters=1, burn_in=1, num_unlabeled=2)
    config.update(work_dir=str(root / 'guide'), randomness=dict(seed=5))
    build(config).train()
    return root


@pytest.fixture(scope='module')
def whole(root: Path) -> Watch:
    """An uninterrupted run with a validation inside guided burn-in."""
    config = guided_config(root, 'whole', val=True)
    config['train_cfg'].update(val_interval=2)
    runner, watch = build(config), Watch()
    runner.register_hook(watch)
    runner.train()
    return watch


def saved(path: Path, branch: str) -> State:
    state = torch.load(path, weights_only=False)['state_dict']
    return {name.partition('.')[2]: value for name, value in state.items()
            if name.startswith(branch)}


@pytest.mark.parametrize('iteration', range(GUIDED))
def test_the_guide_teaches_and_the_student_learns(root: Path, whole: Watch,
                                                  iteration: int) -> None:
    guide = saved(root / 'guide/iter_1.pth', 'student.')
    assert equal(whole.before[iteration]['teacher'], guide)
    assert not equal(whole.before[iteration]['student'], guide)


def test_at_its_end_the_teacher_is_the_student(whole: Watch) -> None:
    assert equal(whole.before[GUIDED]['teacher'], whole.before[GUIDED]['student'])
    assert not equal(whole.before[GUIDED - 1]['student'], whole.before[GUIDED]['student'])


@pytest.mark.parametrize('iteration', [GUIDED, GUIDED + 1])
def test_then_the_teacher_is_a_moving_average(whole: Watch, iteration: int) -> None:
    now, then = whole.before[iteration:iteration + 2]
    for name, value in then['teacher'].items():
        if value.is_floating_point():
            expected = 0.9 * now['teacher'][name] + 0.1 * then['student'][name]
            assert torch.allclose(value, expected, atol=1e-6), name


def test_validation_and_checkpoints_keep_the_guide(root: Path, whole: Watch) -> None:
    guide = saved(root / 'guide/iter_1.pth', 'student.')
    assert equal(whole.validated[0], guide)
    for iteration in range(1, GUIDED + 1):
        assert equal(saved(root / f'whole/iter_{iteration}.pth', 'teacher.'), guide)
    assert not equal(saved(root / f'whole/iter_{GUIDED + 1}.pth', 'teacher.'), guide)


def test_the_student_learns_from_pseudo_labels_at_once(root: Path, whole: Watch) -> None:
    logged = torch.load(root / 'whole/iter_1.pth', weights_only=False)['message_hub']
    assert 'train/unsup_loss_cls' in logged['log_scalars']


@pytest.mark.parametrize('stop', [
    pytest.param(2, id='inside guided burn-in'),
    pytest.param(GUIDED, id='at its end'),
    pytest.param(GUIDED + 1, id='after it'),
])
def test_resumed_equals_uninterrupted(root: Path, whole: Watch, stop: int) -> None:
    """The second part may not read the guide: it is not there."""
    halves = f'halves{stop}'
    build(guided_config(root, halves, max_iters=stop)).train()
    rest = guided_config(root, halves, guide=root / 'gone.pth')
    rest.update(resume=True, load_from=str(root / halves / f'iter_{stop}.pth'))
    build(rest).train()
    assert_same_state(root / 'whole/iter_6.pth', root / halves / 'iter_6.pth')


def start(root: Path, **settings) -> nn.Module:
    """The model after the hooks have looked at it, before the first iteration."""
    runner = build(guided_config(root, 'start', max_iters=1, **settings))
    runner.train_loop  # built when first asked for
    runner.call_hook('before_train')
    return runner.model


def write(root: Path, name: str, change: Callable[[State], State]) -> Path:
    """A guide with changed weights."""
    content = torch.load(root / 'guide/iter_1.pth', weights_only=False)
    torch.save(dict(state_dict=change(content['state_dict'])), root / name)
    return root / name


def plain(state: State) -> State:
    """A plain detector's checkpoint, with a tensor that nobody asked for."""
    student = {name[8:]: value for name, value in state.items() if name.startswith('student.')}
    return dict(student, extra=torch.zeros(1))


def test_a_plain_checkpoint_guides_as_well(root: Path) -> None:
    model = start(root, guide=write(root, 'plain.pth', plain))
    assert equal(model.teacher.state_dict(), saved(root / 'guide/iter_1.pth', 'student.'))
    assert not equal(model.student.state_dict(), model.teacher.state_dict())


def test_a_semi_supervised_checkpoint_gives_its_teacher(root: Path) -> None:
    guide = write(root, 'semi.pth', lambda state: {
        name: value + name.startswith('teacher.') for name, value in state.items()})
    assert equal(start(root, guide=guide).teacher.state_dict(), saved(guide, 'teacher.'))


def test_without_guided_burn_in_the_guide_is_not_read(root: Path) -> None:
    assert start(root, guide=root / 'gone.pth', guided=0).teacher_ready


def test_a_run_without_an_end_of_guided_burn_in_is_named(
        root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    monkeypatch.setattr('mmssis.engine.hooks.guided_teacher_hook.print_log',
                        lambda message, *_: said.append(message))
    start(root, guided=1)
    assert 'never follow' in said[0] and '1 iterations' in said[0]


def test_a_missing_guide_says_how_to_make_it(root: Path) -> None:
    with pytest.raises(FileNotFoundError, match='configs/supervised/tiny.py --work-dir .*/tiny'):
        start(root, guide=root / 'tiny/iter_9.pth')


@pytest.mark.parametrize('change, message', [
    pytest.param(lambda state: {}, 'is missing', id='no weights'),
    pytest.param(lambda state: {name: value for name, value in state.items()
                                if name.startswith('student.')},
                 'teacher.* is missing', id='a student alone'),
    pytest.param(lambda state: {name: value[..., None] for name, value in state.items()},
                 r'in the checkpoint, .* in the config', id='other shapes'),
])
def test_a_guide_that_does_not_fit(root: Path, change: Callable[[State], State],
                                   message: str) -> None:
    with pytest.raises(ValueError, match=f'guide = .*odd.pth(.|\n)*{message}'):
        start(root, guide=write(root, 'odd.pth', change))


def test_a_guide_of_another_number_of_classes(root: Path) -> None:
    config = guided_config(root, 'classes', max_iters=1)
    config['model'].detector = toy_detector(num_classes=2)
    with pytest.raises(ValueError, match='does not fit the config'):
        build(config).train()


def test_a_torn_guide_is_named(root: Path) -> None:
    (root / 'torn.pth').write_bytes(b'PK')
    with pytest.raises(ValueError, match='torn.pth'):
        start(root, guide=root / 'torn.pth')


def test_burn_in_of_the_model_contradicts(root: Path) -> None:
    with pytest.raises(ValueError, match='model.burn_in = 1: GuidedTeacherHook needs 0'):
        start(root, burn_in=1)


@pytest.mark.parametrize('settings, message', [
    (dict(guided=-1), 'guided = -1'), (dict(guided=0, momentum=1.0), 'momentum = 1.0')])
def test_settings_out_of_range(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GuidedTeacherHook('guide.pth', **settings)
