"""Pictures during training: when, where, how many."""

import sys
from pathlib import Path

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
    assert [path.name for path in pictures] == ['iter_0000004_a.png', 'iter_0000006_a.png']
    assert cv2.imread(str(pictures[0])) is not None
