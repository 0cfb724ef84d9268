"""PreflightHook: all problems in one message, on all ranks, before the first iteration."""

import re
from types import SimpleNamespace

import pytest
from mmdet.registry import DATASETS, MODELS
from mmengine.runner import Runner
from torch import nn
from toy import toy_model
from toy_data import CLASSES, coco_content, write_images, write_json
from toy_pais import build_pais

from mmssis.engine.hooks import PreflightHook


class Detector(nn.Module):
    """A detector of which only burn-in, heads and ``prepare`` matter."""

    def __init__(self, num_classes=2, burn_in=1):
        super().__init__()
        self.student = nn.ModuleDict(dict(panoptic_head=nn.Identity(), backbone=nn.Identity()))
        self.student['panoptic_head'].num_things_classes = num_classes
        self.student['panoptic_head'].num_classes = num_classes
        self.burn_in = burn_in
        self.prepared = []

    def prepare(self, classes):
        self.prepared.append(classes)


def make_runner(semi_data, tmp_path, model=None, val=None, max_iters=9):
    loader = Runner.build_dataloader(dict(
        batch_size=2, num_workers=0, dataset=semi_data,
        sampler=dict(type='DefaultSampler', shuffle=False),
        batch_sampler=dict(type='SemiBatchSampler', burn_in=1)))
    val_loader = None if val is None else SimpleNamespace(dataset=val)
    return SimpleNamespace(
        model=model or Detector(), train_dataloader=loader, val_dataloader=val_loader,
        val_loop=val_loader, max_iters=max_iters)


def val_set(tmp_path, classes=CLASSES, folder='val'):
    names = write_images(tmp_path / folder, 2, start=30 if folder == 'val' else 0)
    path = write_json(tmp_path / 'val.json', coco_content(names, classes=classes))
    return DATASETS.build(dict(
        type='CocoDataset', ann_file=path, data_prefix=dict(img=str(tmp_path / folder)),
        metainfo=dict(classes=classes), test_mode=True))


def test_good_data_passes_and_the_model_is_prepared_once(semi_data, tmp_path):
    runner = make_runner(semi_data, tmp_path, val=val_set(tmp_path))
    PreflightHook(decode_images=True).before_train(runner)
    assert runner.model.prepared == [CLASSES]


def remove_labeled(semi_data, tmp_path):
    (tmp_path / 'labeled' / '2.png').unlink()


def copy_paths(semi_data, tmp_path):
    semi_data['datasets'][1]['data_root'] = str(tmp_path / 'labeled')


def drop_masks(semi_data, tmp_path):
    content = coco_content([f'{i}.png' for i in range(4)])
    for annotation in content['annotations'][:2]:
        annotation['segmentation'] = []
    write_json(tmp_path / 'labeled.json', content)


def negative_box(semi_data, tmp_path):
    content = coco_content([f'{i}.png' for i in range(4)])
    content['annotations'][0]['bbox'] = [20, 10, -5, 4]
    write_json(tmp_path / 'labeled.json', content)


@pytest.mark.parametrize('fault, message', [
    pytest.param(remove_labeled, '1 of 4 labeled images are missing .*2.png', id='missing_image'),
    pytest.param(copy_paths, '4 images are both labeled and unlabeled', id='overlap'),
    pytest.param(drop_masks, '2 labeled images have instances without a mask', id='no_masks'),
    pytest.param(negative_box, 'annotation with id 0: .* negative size', id='negative_box'),
])
def test_data_problems_stop_the_run(semi_data, tmp_path, fault, message):
    fault(semi_data, tmp_path)
    runner = make_runner(semi_data, tmp_path)
    with pytest.raises(ValueError, match=message):
        PreflightHook().before_train(runner)
    assert runner.model.prepared == []


@pytest.mark.parametrize('folder, message', [
    pytest.param('labeled', '2 images are both labeled and validation', id='labeled'),
    pytest.param('unlabeled', '2 images are both unlabeled and validation', id='unlabeled'),
])
def test_leak_into_validation(semi_data, tmp_path, folder, message):
    val = val_set(tmp_path, folder=folder)
    with pytest.raises(ValueError, match=f'{message}.*leak'):
        PreflightHook(checks=['overlap']).before_train(make_runner(semi_data, tmp_path, val=val))


@pytest.mark.parametrize('model, classes, message', [
    pytest.param(Detector(num_classes=80), CLASSES, 'panoptic_head has 80 classes', id='head'),
    pytest.param(Detector(), ('dog', 'cat'), 'validation data set has other classes', id='val'),
    pytest.param(Detector(burn_in=5), CLASSES, 'model.burn_in=5 differs', id='burn_in'),
])
def test_settings_that_disagree(semi_data, tmp_path, model, classes, message):
    runner = make_runner(semi_data, tmp_path, model, val_set(tmp_path, classes))
    with pytest.raises(ValueError, match=message):
        PreflightHook().before_train(runner)


FILTER = dict(type='DualThresholdFilter')
RANKS = dict(type='RankStatisticsWeights', layer='panoptic_head.pixel_decoder.output_convs.0',
             channels=32, num_classes=3)
WEIGHTS = [dict(type='MaskUncertainty'), dict(type='AligningWeights'), RANKS]


@pytest.mark.parametrize('hooks, passes', [
    pytest.param([], False, id='none'),
    pytest.param([RANKS], False, id='weights alone'),
    pytest.param([*WEIGHTS, dict(type='DetectorAgreement', boxes_file='a', ann_file='b')], False,
                 id='all that only weigh'),
    pytest.param([dict(type='UnlabeledOnly', hook=RANKS)], False, id='wrapped weights'),
    pytest.param([FILTER, RANKS], True, id='filter and weights'),
    pytest.param([dict(type='UnlabeledOnly', hook=FILTER), RANKS], True, id='wrapped filter'),
    pytest.param([dict(type='CoupledThresholdFilter')], True, id='coupled'),
    pytest.param([dict(type='ClassThresholdFilter')], True, id='class evidence'),
    pytest.param([dict(type='AdaptiveThresholdFilter', num_classes=3)], True, id='adaptive'),
])
def test_hooks_that_filter_nothing_stop_the_run(semi_data, tmp_path, hooks, passes):
    """Every query would be a pseudo label, whatever weighs it."""
    runner = make_runner(semi_data, tmp_path, MODELS.build(toy_model(hooks, burn_in=1)))
    runner.model.prepare = lambda classes: None
    preflight = PreflightHook(checks=['burn_in', 'boxes'])
    if passes:
        preflight.before_train(runner)
    else:
        with pytest.raises(ValueError, match='every candidate .* Put a filter first, for example'):
            preflight.before_train(runner)


def test_the_rpns_one_class_is_not_that_of_the_data(semi_data, tmp_path):
    """Mask R-CNN: the RPN tells objects from background."""
    runner = make_runner(semi_data, tmp_path, val=val_set(tmp_path))
    runner.model.student['rpn_head'] = build_pais('mask-rcnn').student.rpn_head
    assert runner.model.student['rpn_head'].num_classes == 1
    PreflightHook().before_train(runner)


def test_all_problems_in_one_message(semi_data, tmp_path):
    remove_labeled(semi_data, tmp_path)
    runner = make_runner(semi_data, tmp_path, Detector(num_classes=3, burn_in=2))
    with pytest.raises(ValueError) as error:
        PreflightHook().before_train(runner)
    assert len(re.findall('^- ', str(error.value), re.MULTILINE)) == 3


def test_category_without_instance_warns_by_default(semi_data, tmp_path):
    content = coco_content([f'{i}.png' for i in range(4)])
    for annotation in content['annotations']:
        annotation['category_id'] = 1
    write_json(tmp_path / 'labeled.json', content)
    runner = make_runner(semi_data, tmp_path)
    PreflightHook().before_train(runner)
    with pytest.raises(ValueError, match='dog'):
        PreflightHook(warn_only=()).before_train(runner)


def test_labeled_images_may_be_unlabeled_ones_on_request(semi_data, tmp_path):
    copy_paths(semi_data, tmp_path)
    runner = make_runner(semi_data, tmp_path)
    PreflightHook(allow_labeled_in_unlabeled=True).before_train(runner)


def test_damaged_images_are_found_by_decoding(semi_data, tmp_path):
    (tmp_path / 'unlabeled' / '7.png').write_text('no image')
    runner = make_runner(semi_data, tmp_path)
    PreflightHook().before_train(runner)
    with pytest.raises(ValueError, match='1 of 6 unlabeled images .*7.png'):
        PreflightHook(decode_images=True).before_train(runner)


@pytest.mark.parametrize('loader, passes', [('LoadImageRobust', True),
                                            ('LoadImageFromFile', False)])
def test_missing_images_that_are_skipped(semi_data, tmp_path, loader, passes):
    for dataset in semi_data['datasets']:
        dataset['pipeline'][0]['type'] = loader
    semi_data['on_unreadable'] = 'skip'
    remove_labeled(semi_data, tmp_path)
    runner = make_runner(semi_data, tmp_path)
    if passes:
        PreflightHook().before_train(runner)
    else:
        with pytest.raises(ValueError, match='LoadImageRobust'):
            PreflightHook().before_train(runner)


def test_supervised_run_does_not_look_at_unlabeled_images(semi_data, tmp_path):
    runner = make_runner(semi_data, tmp_path, max_iters=1)
    for path in (tmp_path / 'unlabeled').iterdir():
        path.unlink()
    PreflightHook().before_train(runner)


def test_failing_check_does_not_leave_the_ranks_waiting(semi_data, tmp_path, monkeypatch):
    runner = make_runner(semi_data, tmp_path)
    told = []
    monkeypatch.setattr('mmssis.engine.hooks.preflight_hook.broadcast_object_list', told.append)
    monkeypatch.setattr('mmssis.datasets.checks.check_masks', lambda data: 1 / 0)
    with pytest.raises(ValueError, match='ZeroDivisionError'):
        PreflightHook().before_train(runner)
    assert len(told) == 1


def test_other_ranks_stop_with_the_message_of_rank_0(semi_data, tmp_path, monkeypatch):
    module = 'mmssis.engine.hooks.preflight_hook'
    monkeypatch.setattr(f'{module}.is_main_process', lambda: False)
    monkeypatch.setattr(f'{module}.broadcast_object_list',
                        lambda outcome: outcome.__setitem__(0, ['from rank 0']))
    with pytest.raises(ValueError, match='from rank 0'):
        PreflightHook().before_train(SimpleNamespace())


@pytest.mark.parametrize('settings', [dict(checks=['luck']), dict(warn_only=['luck'])])
def test_unknown_checks_are_named(settings):
    with pytest.raises(ValueError, match='luck'):
        PreflightHook(**settings)
