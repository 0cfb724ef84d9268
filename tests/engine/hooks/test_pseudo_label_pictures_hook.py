"""Pictures during training: when, where, how many."""

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2

from mmssis.engine.hooks import PseudoLabelPicturesHook


def test_pictures_are_written_at_the_interval(make_runner, make_instances):
    runner, hook = make_runner(), PseudoLabelPicturesHook(interval=2, num_images=1)
    metas = [dict(img_path=f'images/{name}.jpg', img_shape=(16, 16)) for name in 'ab']
    candidates = [make_instances([(0, 0, 0, 8)]), make_instances([])]
    hook.before_train(runner)
    counts = [sys.getrefcount(candidates)]
    for burn_in in (True, True, False, False, False, False):
        hook.before_train_iter(runner, runner.iter)
        if not burn_in:
            runner.model.step(dict(candidates=candidates), metas)
        hook.after_train_iter(runner, runner.iter)
        counts.append(sys.getrefcount(candidates))
        runner.iter += 1
    assert len(set(counts)) == 1
    pictures = sorted(Path(runner.work_dir).glob('vis/pseudo_labels/*.png'))
    assert [path.name for path in pictures] == ['iter_0000004_0_a.png', 'iter_0000006_0_a.png']
    assert cv2.imread(str(pictures[0])) is not None


def test_equal_names_and_unwritable_pictures(make_runner, make_instances, monkeypatch):
    runner, hook = make_runner(), PseudoLabelPicturesHook(interval=1)
    metas = [dict(img_path=f'{folder}/{"ä" * 120}.jpg', img_shape=(16, 16)) for folder in 'ab']
    errors = []
    monkeypatch.setattr(runner, 'logger', SimpleNamespace(error=errors.append), raising=False)
    hook.before_train(runner)
    for step in range(2):
        hook.before_train_iter(runner, step)
        runner.model.step(dict(candidates=[make_instances([]), make_instances([])]), metas)
        hook.after_train_iter(runner, step)
        if not step:
            folder = Path(runner.work_dir) / 'vis' / 'pseudo_labels'
            assert len(list(folder.iterdir())) == 2
            shutil.rmtree(folder)
            folder.touch()
    assert len(errors) == 2 and str(folder) in errors[0]
