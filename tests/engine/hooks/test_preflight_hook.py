"""PreflightHook: all problems in one message, on all ranks, before the first iteration."""

import json
import re
from types import SimpleNamespace

import pytest
from mmdet.evaluation.metrics import CocoMetric
from mmdet.registry import DATASETS, MODELS
from mmengine.hooks import CheckpointHook
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


def make_runner(semi_data, model=None, val=None, max_iters=9):
    loader = Runner.build_dataloader(dict(
        batch_size=2, num_workers=0, dataset=semi_data,
        sampler=dict(type='DefaultSampler', shuffle=False),
        batch_sampler=dict(type='SemiBatchSampler', labeled=1, unlabeled=1)))
    val_loader = None if val is None else SimpleNamespace(dataset=val)
    metrics = [] if val is None else [CocoMetric(ann_file=val.ann_file, metric='segm')]
    val_loop = None if val is None else SimpleNamespace(
        dataloader=val_loader, evaluator=SimpleNamespace(metrics=metrics))
    for metric in metrics:
        metric.dataset_meta = val.metainfo
    return SimpleNamespace(
        model=model or Detector(), train_dataloader=loader, val_dataloader=val_loader,
        val_loop=val_loop, max_iters=max_iters, hooks=[],
        train_loop=SimpleNamespace(sets_clock=True),
        work_dir=semi_data['unlabeled']['data_root'] + '/..')


def val_set(tmp_path, classes=CLASSES, folder='val', content=None):
    names = write_images(tmp_path / folder, 2, start=30 if folder == 'val' else 0)
    path = write_json(tmp_path / 'val.json', content or coco_content(names, classes=classes))
    return DATASETS.build(dict(
        type='CocoDataset', ann_file=path, data_prefix=dict(img=str(tmp_path / folder)),
        metainfo=dict(classes=classes), test_mode=True))


def test_good_data_passes_and_the_model_is_prepared_once(semi_data, tmp_path):
    runner = make_runner(semi_data, val=val_set(tmp_path))
    # Mask R-CNN's RPN tells objects from background: its one class is not that of the data.
    runner.model.student['rpn_head'] = build_pais('mask-rcnn').student.rpn_head
    assert runner.model.student['rpn_head'].num_classes == 1
    PreflightHook(decode_images=True).before_train(runner)
    assert runner.model.prepared == [CLASSES]


def remove_labeled(semi_data, tmp_path):
    (tmp_path / 'labeled' / '2.png').unlink()


def copy_paths(semi_data, tmp_path):
    semi_data['unlabeled']['data_root'] = str(tmp_path / 'labeled')


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
    pytest.param(remove_labeled, '1 of 4 images of .*labeled are missing .*2.png', id='missing'),
    pytest.param(copy_paths, '4 images are in both .*labeled .*unlabeled', id='overlap'),
    pytest.param(drop_masks, '2 labeled images have instances without a mask', id='no_masks'),
    pytest.param(negative_box, 'annotation with id 0 of image 0: .* negative size', id='negative'),
])
def test_data_problems_stop_the_run(semi_data, tmp_path, fault, message):
    fault(semi_data, tmp_path)
    runner = make_runner(semi_data, Detector(num_classes=3))
    with pytest.raises(ValueError, match=message) as error:
        PreflightHook().before_train(runner)
    assert runner.model.prepared == []
    # All problems in one message, that of the model too.
    assert len(re.findall('^- ', str(error.value), re.MULTILINE)) == 2
    if fault is copy_paths:
        PreflightHook(allow_labeled_in_unlabeled=True).before_train(make_runner(semi_data))


def test_leak_into_validation(semi_data, tmp_path):
    for source in ('labeled', 'unlabeled'):
        runner = make_runner(semi_data, val=val_set(tmp_path, folder=source))
        with pytest.raises(ValueError, match=f'in both .*{source} and val_dataloader.*leak'):
            PreflightHook(checks=['overlap']).before_train(runner)


def test_settings_that_disagree(semi_data, tmp_path):
    for model, classes, message in (
            (Detector(num_classes=80), CLASSES, 'panoptic_head has 80 classes'),
            (Detector(), ('dog', 'cat'), 'classes of the validation data')):
        runner = make_runner(semi_data, model, val_set(tmp_path, classes))
        with pytest.raises(ValueError, match=message):
            PreflightHook().before_train(runner)


FILTER = dict(type='DualThresholdFilter')
WEIGHTS = dict(weights=dict(type='AligningWeights'), agreement=dict(
    type='DetectorAgreement', boxes_file='a', ann_file='b'))


def semi_runner(semi_data, hooks, **settings):
    """A runner around a real semi-supervised detector with these pseudo-label hooks."""
    runner = make_runner(semi_data, MODELS.build(toy_model(hooks, burn_in=1)), **settings)
    runner.model.prepare = lambda classes: None
    return runner


def test_hooks_that_filter_nothing_stop_the_run(semi_data):
    """Every query would be a pseudo label, whatever weighs it."""
    preflight = PreflightHook(checks=['pseudo_labels', 'boxes'])
    for hooks in (dict(ddtf=FILTER, **WEIGHTS), dict(ddtf=dict(FILTER, only='unlabeled'))):
        preflight.before_train(semi_runner(semi_data, hooks))
    for hooks in ({}, WEIGHTS):
        with pytest.raises(ValueError, match='every candidate .* Put a filter first, for example'):
            preflight.before_train(semi_runner(semi_data, hooks))


def test_pseudo_labels_need_images(semi_data):
    runner = semi_runner(semi_data, dict(ddtf=FILTER))
    runner.train_dataloader.dataset.sources.pop('unlabeled')
    with pytest.raises(ValueError, match='to iteration 9, but .* unlabeled images, or .*supervis'):
        PreflightHook(checks=['pseudo_labels']).before_train(runner)


def test_a_loop_that_sets_no_clock_is_refused(semi_data):
    runner = semi_runner(semi_data, dict(ddtf=FILTER))
    runner.train_loop = SimpleNamespace()
    with pytest.raises(ValueError, match='train_cfg.type = SimpleNamespace.*SemiTrainLoop'):
        PreflightHook(checks=['train_loop']).before_train(runner)
    runner.model = Detector()
    PreflightHook(checks=['train_loop']).before_train(runner)


def test_category_without_instance_warns_by_default(semi_data, tmp_path):
    content = coco_content([f'{i}.png' for i in range(4)])
    for annotation in content['annotations']:
        annotation['category_id'] = 1
    write_json(tmp_path / 'labeled.json', content)
    runner = make_runner(semi_data)
    PreflightHook().before_train(runner)
    with pytest.raises(ValueError, match='dog'):
        PreflightHook(warn_only=()).before_train(runner)


def test_damaged_images_are_found_by_decoding(semi_data, tmp_path):
    (tmp_path / 'unlabeled' / '7.png').write_text('no image')
    runner = make_runner(semi_data)
    PreflightHook().before_train(runner)
    with pytest.raises(ValueError, match='1 of 6 images of .*unlabeled .*7.png'):
        PreflightHook(decode_images=True).before_train(runner)


def test_missing_images_are_skipped_by_the_loader_that_can(semi_data, tmp_path):
    semi_data['on_unreadable'] = 'skip'
    remove_labeled(semi_data, tmp_path)
    for loader in ('LoadImageRobust', 'LoadImageFromFile'):
        for dataset in (semi_data['labeled'], semi_data['unlabeled']):
            dataset['pipeline'][0]['type'] = loader
        runner = make_runner(semi_data)
        if loader == 'LoadImageRobust':
            PreflightHook().before_train(runner)
            continue
        with pytest.raises(ValueError, match='LoadImageRobust'):
            PreflightHook().before_train(runner)


def test_supervised_run_does_not_look_at_unlabeled_images(semi_data, tmp_path):
    model = MODELS.build(toy_model({}, burn_in=1))
    model.prepare = lambda classes: None
    runner = make_runner(semi_data, model, max_iters=1)
    for path in (tmp_path / 'unlabeled').iterdir():
        path.unlink()
    PreflightHook(checks=['images']).before_train(runner)
    model.ends_burn_in_itself = True
    with pytest.raises(ValueError, match='unlabeled are missing'):
        PreflightHook(checks=['images']).before_train(runner)


def test_failing_check_does_not_leave_the_ranks_waiting(semi_data, tmp_path, monkeypatch):
    runner = make_runner(semi_data)
    told = []
    monkeypatch.setattr('mmssis.engine.hooks.preflight_hook.broadcast_object_list', told.append)
    monkeypatch.setattr('mmssis.datasets.checks.run_data.account_for', lambda *args: {}['val'])
    with pytest.raises(ValueError, match='KeyError'):
        PreflightHook().before_train(runner)
    assert len(told) == 1


def test_the_account_is_logged_and_written(semi_data, tmp_path):
    content = coco_content([f'{i}.png' for i in range(4)])
    content['annotations'][0]['iscrowd'] = 1
    write_json(tmp_path / 'labeled.json', content)
    runner = make_runner(semi_data, val=val_set(tmp_path))
    PreflightHook(max_lost=0.25).before_train(runner)
    sources = json.loads((tmp_path / 'data.json').read_text())['sources']
    assert list(sources) == ['labeled', 'unlabeled', 'val']
    assert sources['labeled']['left_out'] == {'iscrowd=1': 1}
    with pytest.raises(ValueError, match='1 of 4 annotations have iscrowd=1.*max_lost = 0.2'):
        PreflightHook(max_lost=0.2).before_train(runner)
    for share in (-0.1, 1.1, True, 'all'):
        with pytest.raises(ValueError, match='preflight.max_lost'):
            PreflightHook(max_lost=share)


def no_mask(annotation):
    del annotation['segmentation']


def no_crowd(annotation):
    del annotation['iscrowd']


def test_the_validation_file_is_judged_as_the_evaluator_reads_it(semi_data, tmp_path):
    for change in (no_mask, no_crowd):
        val_set(tmp_path)
        content = json.loads((tmp_path / 'val.json').read_text())
        change(content['annotations'][1])
        val = val_set(tmp_path, content=content)
        runner = make_runner(semi_data, val=val)
        if change is no_mask:
            with pytest.raises(ValueError, match=r'annotations\[1\] .id 1. has the mask None'):
                PreflightHook().before_train(runner)
            continue
        PreflightHook().before_train(runner)
        annotations = runner.val_loop.evaluator.metrics[0]._coco_api.dataset['annotations']
        assert [a['iscrowd'] for a in annotations] == [0, 0]
        assert [a['id'] for a in annotations] == [1, 2]  # the file counts from 0


def test_every_rank_completes_the_ground_truth(semi_data, tmp_path, monkeypatch):
    runner = make_runner(semi_data, val=val_set(tmp_path))
    monkeypatch.setattr('mmssis.engine.hooks.preflight_hook.is_main_process', lambda: False)
    PreflightHook().before_train(runner)
    annotations = runner.val_loop.evaluator.metrics[0]._coco_api.dataset['annotations']
    assert [a['id'] for a in annotations] == [1, 2]


@pytest.mark.parametrize('save_best, refused', [
    pytest.param('coco/segm_mAP', None, id='a metric'),
    pytest.param('auto', None, id='the first one'),
    pytest.param(None, None, id='none'),
    pytest.param('coco/segm_map', "did you mean 'coco/segm_mAP'", id='misspelled'),
    pytest.param(['coco/segm_mAP', 'teacher/coco/segm_mAP'], "'teacher/coco/segm_mAP' is no metric",
                 id='a teacher that is not asked'),
])
def test_save_best_names_a_metric(semi_data, tmp_path, save_best, refused):
    runner = make_runner(semi_data, val=val_set(tmp_path))
    rule = None if save_best is None else 'greater'
    runner.hooks = [CheckpointHook(save_best=save_best, rule=rule)]
    if refused is None:
        PreflightHook(checks=['evaluator']).before_train(runner)
        return
    with pytest.raises(ValueError, match=refused):
        PreflightHook(checks=['evaluator']).before_train(runner)


def test_a_pipeline_that_cannot_load_a_sample_is_named(semi_data, tmp_path):
    semi_data['labeled']['pipeline'][2] = dict(type='Resize', scale=(0, 0))
    with pytest.raises(ValueError, match=r'labeled.pipeline fails on .*0.png: '):
        PreflightHook(checks=['samples']).before_train(make_runner(semi_data))


def test_faulty_files_are_not_evaluated(semi_data, tmp_path, monkeypatch):
    negative_box(semi_data, tmp_path)
    monkeypatch.setattr('mmssis.engine.evaluation_checks.find_problems', lambda *args: 1 / 0)
    with pytest.raises(ValueError, match='negative size') as error:
        PreflightHook().before_train(make_runner(semi_data, val=val_set(tmp_path)))
    assert 'ZeroDivisionError' not in str(error.value)
