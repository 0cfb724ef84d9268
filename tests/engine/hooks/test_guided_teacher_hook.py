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
from toy import toy_config

State = Dict[str, Tensor]
GUIDED, END = 2, 4


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
                  max_iters: int = END, guided: int = GUIDED, burn_in: int = 0, **kwargs) -> dict:
    """Guided burn-in and as many more iterations, a checkpoint after each."""
    torch.set_num_threads(1)
    config = toy_config(root, max_iters=max_iters, burn_in=burn_in, num_unlabeled=2,
                        write=not (root / 'labeled').exists(), **kwargs)
    config['default_hooks']['teacher'] = dict(
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


def test_at_its_end_the_teacher_is_the_student_then_its_moving_average(whole: Watch) -> None:
    assert equal(whole.before[GUIDED]['teacher'], whole.before[GUIDED]['student'])
    assert not equal(whole.before[GUIDED - 1]['student'], whole.before[GUIDED]['student'])
    for now, then in zip(whole.before[GUIDED:], whole.before[GUIDED + 1:]):
        for name, value in then['teacher'].items():
            if value.is_floating_point():
                expected = 0.9 * now['teacher'][name] + 0.1 * then['student'][name]
                assert torch.allclose(value, expected, atol=1e-6), name


def test_the_guide_teaches_and_validation_and_checkpoints_keep_it(root: Path, whole: Watch) -> None:
    guide = saved(root / 'guide/iter_1.pth', 'student.')
    for seen in whole.before[:GUIDED]:
        assert equal(seen['teacher'], guide) and not equal(seen['student'], guide)
    assert equal(whole.validated[0], guide)
    for iteration in range(1, GUIDED + 1):
        assert equal(saved(root / f'whole/iter_{iteration}.pth', 'teacher.'), guide)
    assert not equal(saved(root / f'whole/iter_{GUIDED + 1}.pth', 'teacher.'), guide)
    # The student learns from its pseudo labels at once.
    logged = torch.load(root / 'whole/iter_1.pth', weights_only=False)['message_hub']
    assert 'train/unsup_loss_cls' in logged['log_scalars']


@pytest.mark.parametrize('stop', [
    pytest.param(1, id='inside guided burn-in'),
    pytest.param(GUIDED, id='at its end'),
])
def test_resumed_equals_uninterrupted(root: Path, whole: Watch, stop: int) -> None:
    """The second part may not read the guide: it is not there."""
    halves = f'halves{stop}'
    build(guided_config(root, halves, max_iters=stop)).train()
    rest = guided_config(root, halves, guide=root / 'gone.pth')
    rest.update(resume=True, load_from=str(root / halves / f'iter_{stop}.pth'))
    build(rest).train()
    assert_same_state(root / f'whole/iter_{END}.pth', root / halves / f'iter_{END}.pth')


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


def test_whose_weights_guide(root: Path) -> None:
    """Those of a plain detector, with a tensor that nobody asked for; else of the teacher."""
    plain = start(root, guide=write(root, 'plain.pth', lambda state: dict({
        name[8:]: value for name, value in state.items() if name.startswith('student.')
    }, extra=torch.zeros(1))))
    assert equal(plain.teacher.state_dict(), saved(root / 'guide/iter_1.pth', 'student.'))
    assert not equal(plain.student.state_dict(), plain.teacher.state_dict())
    guide = write(root, 'semi.pth', lambda state: {
        name: value + name.startswith('teacher.') for name, value in state.items()})
    assert equal(start(root, guide=guide).teacher.state_dict(), saved(guide, 'teacher.'))


def test_the_length_of_guided_burn_in(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 0: the guide is not read. Of the whole run: that is said."""
    start(root, guide=root / 'gone.pth', guided=0)
    said = []
    monkeypatch.setattr('mmssis.engine.hooks.guided_teacher_hook.print_log',
                        lambda message, *_: said.append(message))
    start(root, guided=1)
    assert 'never follow' in said[0] and '1 iterations' in said[0]


def torn(root: Path) -> Path:
    (root / 'torn.pth').write_bytes(b'PK')
    return root / 'torn.pth'


def changed(change: Callable[[State], State]) -> Callable[[Path], Path]:
    return lambda root: write(root, 'odd.pth', change)


REFUSED = [
    (lambda root: root / 'tiny/iter_9.pth', 'CONFIG --supervised --work-dir .*/tiny'),
    (torn, 'torn.pth'),
    (changed(lambda state: {}), 'odd.pth(.|\n)*is missing'),
    (changed(lambda state: {name: value for name, value in state.items()
                            if name.startswith('student.')}), 'odd.pth(.|\n)*teacher.* is missing'),
    (changed(lambda state: {name: value[..., None] for name, value in state.items()}),
     r'odd.pth(.|\n)*in the checkpoint, .* in the config'),
]


def test_a_guide_that_is_missing_torn_or_of_another_model_is_refused(root: Path) -> None:
    for make, message in REFUSED:
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            start(root, guide=make(root))
    with pytest.raises(ValueError, match='model.burn_in = 1: GuidedTeacherHook needs 0'):
        start(root, burn_in=1)
