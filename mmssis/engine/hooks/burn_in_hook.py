"""The end of burn-in, by what the teacher knows."""

import logging
import math
from typing import List, Optional, Tuple

from mmdet.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmssis.datasets import sources_of
from mmssis.datasets.held_out import (classes_of_images, draw_held_out, draw_images,
                                      indices_of_images)
from mmssis.datasets.samplers import seeded_rng
from mmssis.engine.burn_in import (BURN_IN_END, BURN_IN_HELD, count_right_labels, load_weak_views,
                                   precision_and_recall)
from mmssis.engine.semi_detector import semi_detector
from mmssis.evaluation import MATCH_COUNTS
from mmssis.models.detectors import SemiInstanceSegmentor
from mmssis.utils.settings import check_range

from .teacher_ema_hook import TeacherEMAHook

PLACE = 'default_hooks.burn_in.'


@HOOKS.register_module()
class BurnInHook(Hook):
    """End burn-in once the teacher's labels are right; warn where a fixed one ends too early.

    The student, as the teacher that it would become, labels the weak views of some labeled images.
    What the filters of ``model.pseudo_label_hooks`` keep is compared with the true labels:
    precision and recall at a mask IoU of 0.5, within classes.

    With ``model.burn_in = 'auto'`` this is done every ``interval`` iterations. Burn-in ends when
    both targets were reached ``hold`` times in a row; if they never are, it lasts to the end of
    the run, with a warning at its half and at its end. During burn-in the images are held out: a
    detector is right about the few images that it has seen many times before it knows anything.
    Of fewer than 10 labeled images none is held out.

    With a number of iterations, labels are measured once, at its end and on images that were
    learned from. A precision or recall below the target is warned of; nothing else changes.

    No random number of the run is drawn. What was measured is in the log and in the checkpoints,
    so that a resumed run switches where an uninterrupted one does, on all ranks at once.

    Args:
        precision: target share of labels that are right, in [0, 1].
        recall: target share of instances that are found, in [0, 1].
        interval: iterations between two measurements.
        hold: number of measurements in a row that must reach the targets.
        held_out: share of the labeled images to measure on, in [0, 0.5]; 0: on images that are
            learned from.
        max_images: number of images to measure on at most, over all ranks.
    """

    # After the guard has judged the losses, before the teacher moves.
    priority = 'ABOVE_NORMAL'

    def __init__(self, precision: float = 0.5, recall: float = 0.1, interval: int = 50,
                 hold: int = 3, held_out: float = 0.2, max_images: int = 40) -> None:
        self.precision = check_range(PLACE + 'precision', precision, 0, 1)
        self.recall = check_range(PLACE + 'recall', recall, 0, 1)
        self.interval = check_range(PLACE + 'interval', interval, 1, whole=True)
        self.hold = check_range(PLACE + 'hold', hold, 1, whole=True)
        self.held_out = check_range(PLACE + 'held_out', held_out, 0, 0.5)
        self.max_images = check_range(PLACE + 'max_images', max_images, 1, whole=True)
        self._images: List[int] = []
        self._views: Optional[List[dict]] = None
        self._kind = 'labeled'
        self._all_learned = False

    def before_train(self, runner: Runner) -> None:
        """Choose the images; a resumed run takes up what was measured.

        Raises:
            ValueError: if burn-in is to end itself and could not.
        """
        detector = semi_detector(runner)
        self._images, self._views = [], None
        measurable = 'labeled' in sources_of(runner.train_dataloader.dataset) and any(
            hook.filters for hook in detector.pseudo_label_hooks.values())
        if detector.ends_burn_in_itself:
            self._check_auto(runner, measurable)
            self._take_up(runner, detector)
        if measurable and 0 < detector.burn_in and not detector.is_supervised(runner.max_iters):
            self._choose_images(runner, detector)

    def _check_auto(self, runner: Runner, measurable: bool) -> None:
        """Refuse a burn-in that could not end."""
        if not measurable:
            raise ValueError("schedule.burn_in = 'auto' measures what the filters of "
                             'model.pseudo_label_hooks keep on images with masks: give a filter '
                             'and the source `labeled`, or schedule.burn_in a number')
        if self.interval * self.hold >= runner.max_iters:
            raise ValueError(
                f"schedule.burn_in = 'auto' needs {self.hold} measurements, one every "
                f'{self.interval} iterations, but the run has {runner.max_iters}: lower '
                'default_hooks.burn_in.interval, or give schedule.burn_in a number')

    def _take_up(self, runner: Runner, detector: SemiInstanceSegmentor) -> None:
        """Let the detector and the hub of a new run know nothing, those of a resumed one all."""
        known = {} if runner.iter == 0 else runner.message_hub.runtime_info
        # A run that goes on from a fixed burn-in has learned from every image.
        self._all_learned = runner.iter > 0 and BURN_IN_END not in known
        for key, start in ((BURN_IN_END, math.inf), (BURN_IN_HELD, 0)):
            runner.message_hub.update_info(key, known.get(key, start))
        detector.end_burn_in(runner.message_hub.get_info(BURN_IN_END))

    def _choose_images(self, runner: Runner, detector: SemiInstanceSegmentor) -> None:
        """Choose the images to measure on, and hold them out where burn-in ends itself."""
        labeled = sources_of(runner.train_dataloader.dataset)['labeled']
        indices = indices_of_images(labeled)
        classes = classes_of_images(labeled, [same[0] for same in indices])
        chosen: List[int] = []
        if detector.ends_burn_in_itself and not self._all_learned:
            chosen = draw_held_out(classes, self.held_out, self.max_images, runner.seed)
            runner.train_dataloader.batch_sampler.hold_out(
                [i for image in chosen for i in indices[image]])
        self._kind = 'held-out' if chosen else 'labeled'
        chosen = chosen or draw_images(classes, self.max_images, runner.seed)
        self._images = [indices[image][0] for image in chosen]
        if detector.ends_burn_in_itself and self._kind == 'labeled':
            print_log('Burn-in ends by labels on images that are learned from, as none is held '
                      'out: on others they are less right.', 'current')

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Measure where it is due, and decide."""
        detector, done = semi_detector(runner), runner.iter + 1
        if detector.ends_burn_in_itself:
            if detector.burn_in == math.inf and done % self.interval == 0:
                self._decide(runner, detector, done)
        elif done == detector.burn_in and self._images:
            reached, said = self._measure(runner, detector)
            self._views = None
            if not reached:
                print_log(
                    f'Burn-in ends too early, after {done} iterations: {said}, on images that were '
                    'learned from. Such pseudo labels teach the student errors. Lengthen '
                    f"schedule.burn_in, or let it end itself: schedule.burn_in='auto'.",
                    'current', logging.WARNING)

    def after_train(self, runner: Runner) -> None:
        """Say so if burn-in has never ended; let go of the images."""
        self._views = None
        if semi_detector(runner).burn_in == math.inf and runner.iter >= runner.max_iters:
            print_log('Burn-in has not ended: this was a supervised run. Train longer, give more '
                      f'labeled images, or lower {PLACE}precision (now {self.precision}), '
                      f'{PLACE}recall (now {self.recall}) or the thresholds of the filters.',
                      'current', logging.WARNING)

    def _decide(self, runner: Runner, detector: SemiInstanceSegmentor, done: int) -> None:
        """Measure, and end burn-in if the targets have been held for long enough."""
        reached, said = self._measure(runner, detector)
        held = runner.message_hub.get_info(BURN_IN_HELD) + 1 if reached else 0
        runner.message_hub.update_info(BURN_IN_HELD, held)
        print_log(f'Burn-in, iteration {done}: {said}; reached {held} of {self.hold} times.',
                  'current')
        if held >= self.hold and done < runner.max_iters:
            detector.end_burn_in(done)
            runner.message_hub.update_info(BURN_IN_END, done)
            self._views = None
            print_log(f'Burn-in has ended after {done} iterations. Pseudo labels begin.',
                      'current')
        elif done - self.interval < runner.max_iters / 2 <= done:
            print_log(f'Half of the run is over, and burn-in has not ended: {said}. If it never '
                      'does, this is a supervised run.', 'current', logging.WARNING)

    def _measure(self, runner: Runner, detector: SemiInstanceSegmentor) -> Tuple[bool, str]:
        """Whether the targets are reached, and the numbers in words."""
        dataset = runner.train_dataloader.dataset
        with seeded_rng(runner.seed):
            if self._views is None:
                self._views = load_weak_views(dataset, self._images, runner.seed)
            TeacherEMAHook.copy_student(runner)
            batch_size = runner.train_dataloader.batch_sampler.batch_size
            counts = count_right_labels(detector, self._views, batch_size)
        all_reduce(counts, op='sum')
        precision, recall = precision_and_recall(counts)
        number = int(counts[MATCH_COUNTS.index('pseudo')])
        right = 'none' if precision is None else f'a share of {precision:.2f}'
        said = (f'of {number} labels on {len(self._images)} {self._kind} images {right} is right '
                f'(target {self.precision}), and {recall:.2f} of the instances are found (target '
                f'{self.recall})')
        return (precision is not None and precision >= self.precision
                and recall >= self.recall), said
