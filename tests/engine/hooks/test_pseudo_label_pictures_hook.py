"""Pictures during training: when, where, how many."""

from pathlib import Path

import cv2
import pytest

from mmssis.engine.hooks import PseudoLabelPicturesHook


def test_pictures_are_written_at_the_interval(make_runner, make_instances):
    runner, hook = make_runner(), PseudoLabelPicturesHook(interval=2, num_images=1)
    metas = [dict(img_path=f'images/{name}.jpg', img_shape=(16, 16)) for name in 'ab']
    for _ in range(4):
        hook.before_train_iter(runner, runner.iter)
        runner.model.step(dict(candidates=[make_instances([(0, 0, 0, 8)]), make_instances([])]),
                          metas)
        hook.after_train_iter(runner, runner.iter)
        runner.iter += 1
    pictures = sorted(Path(runner.work_dir).glob('vis/pseudo_labels/*.png'))
    assert [path.name for path in pictures] == ['iter_0000002_a.png', 'iter_0000004_a.png']
    assert cv2.imread(str(pictures[0])) is not None
    assert not runner.model.keep_trace


def test_burn_in_draws_nothing(make_runner):
    runner, hook = make_runner(), PseudoLabelPicturesHook(interval=1)
    hook.before_train_iter(runner, 0)
    hook.after_train_iter(runner, 0)
    assert not list(Path(runner.work_dir).rglob('*.png'))


@pytest.mark.parametrize('name', ['interval', 'num_images'])
def test_settings_are_checked(name):
    with pytest.raises(ValueError, match=f'{name} = 0'):
        PseudoLabelPicturesHook(**{name: 0})
