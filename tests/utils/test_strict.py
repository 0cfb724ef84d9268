"""Every setting is read or refused: options, types, variables of files."""

from pathlib import Path

import pytest

from mmssis.utils import load_config
from mmssis.utils.settings import check_range

HOOKS = 'model.pseudo_label_hooks'
REFUSED = [
    # Variables of earlier configs, and keys at the wrong place.
    ('ddtf.class_thr', 0.8, f'{HOOKS}.ddtf.class_thr'),
    ('ddtf', None, f'{HOOKS}.ddtf'),
    ('teacher_ema.momentum', 0.5, 'default_hooks.teacher.momentum'),
    ('burn_in', 5, 'schedule.burn_in'),
    ('max_iters', 5, 'schedule.max_iters'),
    ('data_root', 'x', 'data_set.root'),
    ('imagesize', (64, 64), 'image_size'),
    ('lr', 0.1, 'optim_wrapper.optimizer.lr'),
    # Typing errors at every depth.
    (f'{HOOKS}.ddtf.clas_thr', 0.8, f'{HOOKS}.ddtf.class_thr'),
    ('model.unsup_wieght', 2.0, 'model.unsup_weight'),
    ('model.detector.test_cfg.max_per_imag', 5, 'model.detector.test_cfg.max_per_image'),
    ('train_dataloader.num_worker', 2, 'train_dataloader.num_workers'),
    ('train_dataloader.dataset.unlabelled', None, 'train_dataloader.dataset.unlabeled'),
    ('train_dataloader.batch_sampler.unlabel', 2, 'train_dataloader.batch_sampler.unlabeled'),
    ('default_hooks.checkpoint.max_keep_ckpt', 2, 'default_hooks.checkpoint.max_keep_ckpts'),
    ('optim_wrapper.optimzer.lr', 0.1, 'optim_wrapper.optimizer.lr'),
    ('train_cfg.val_intervall', 5, 'train_cfg.val_interval'),
    ('randomness.sead', 5, 'randomness.seed'),
    # Places in a list, and parts that are left out or not there.
    (f'{HOOKS}.1.class_thr', 0.8, f'the hooks of {HOOKS} are ddtf, pmua'),
    ('train_dataloader.dataset.labeled.pipeline.9.scale', (1, 1), 'is a list of'),
    ('default_hooks.sampler', None, 'the hooks of default_hooks are'),
    # Texts for numbers, single values for dicts, other kinds of numbers.
    (f'{HOOKS}.ddtf.class_thr', 'high', "class_thr = 'high': give a number"),
    (f'{HOOKS}.ddtf.class_thr', None, 'class_thr = None: give a number'),
    ('model.unsup_weight', 'one', "model.unsup_weight = 'one': give a number"),
    ('model.ramp_up', 2.5, 'model.ramp_up = 2.5: give a whole number'),
    ('auto_scale_lr.base_batch_size', 'many', "base_batch_size = 'many': give a number"),
    (f'{HOOKS}.ddtf', 0.8, f'{HOOKS}.ddtf = 0.8: it is a dict with the keys type, class_thr'),
    # Values that something else writes.
    ('train_cfg.max_iters', 7, 'set schedule.max_iters instead'),
    ('model.burn_in', 7, 'set schedule.burn_in instead'),
]


def test_an_option_that_nothing_reads_is_refused(load) -> None:
    for path, value, message in REFUSED:
        with pytest.raises(ValueError) as error:
            load('schedule = dict(max_iters=600, burn_in=60)', {path: value})
        assert message in str(error.value), path
        if '.' in message and ' ' not in message:
            assert f'did you mean `{message}`?' in str(error.value), path


READ = [
    {f'{HOOKS}.ddtf': None},
    {f'{HOOKS}.pmua.before': 'ddtf', f'{HOOKS}.ddtf.only': 'unlabeled'},
    {f'{HOOKS}.more': dict(type='MaskUncertainty')},
    {f'{HOOKS}.more.type': 'DualThresholdFilter', f'{HOOKS}.more.class_thr': 0.9},
    # The type says which settings there are, wherever it stands.
    {'model.detector.panoptic_head.loss_iou_weight': 1.0,
     'model.detector.panoptic_head.type': 'MaskIoUMask2FormerHead'},
    {'default_hooks.teacher': None, 'default_hooks.timer': None},
    {'default_hooks.teacher.priority': 'LOW', 'default_hooks.guard.type': 'TrainingGuardHook'},
    {'train_dataloader.dataset.unlabeled': None, 'train_dataloader.batch_sampler.unlabeled': 0},
    {'randomness.seed': 3, 'load_from': 'a.pth', 'experiment_name': 'x', 'resume': True},
    {'env_cfg.dist_cfg.backend': 'gloo', 'train_dataloader.prefetch_factor': 2},
    {'optim_wrapper.paramwise_cfg.custom_keys.backbone.lr_mult': 0.1,
     'optim_wrapper.optimizer.weight_decay': 0.1},
    {'train_dataloader.dataset.labeled.pipeline.2.ratio_range': (1, 2),
     'train_dataloader.dataset.labeled.filter_cfg.min_size': 3},
    {'param_scheduler.1.milestones': [7], 'model.detector.test_cfg.max_per_image': 5},
]


def test_an_option_that_is_read_passes_as_it_is(load) -> None:
    for options in READ:
        cfg = load('schedule = dict(max_iters=600)', options)
        for path, value in options.items():
            node = cfg._cfg_dict
            for name in path.split('.'):
                node = node[int(name)] if isinstance(node, list) else node.get(name)
            assert node == value, path


def test_an_option_of_what_the_baseline_leaves_out_is_refused(load) -> None:
    with pytest.raises(ValueError, match=f'{HOOKS}.ddtf.class_thr` is read by nothing'):
        load('', {f'{HOOKS}.ddtf.class_thr': 0.5}, supervised=True)


FILES = [
    # A setting that its class does not take: of a hook, ...
    ('model = dict(pseudo_label_hooks=dict(ddtf=dict(mask_thrr=0.9)))',
     f'did you mean `{HOOKS}.ddtf.mask_thr`'),
    # ... handed on along the bases, ...
    ('model = dict(detector=dict(panoptic_head=dict(num_querys=9)))',
     'did you mean `model.detector.panoptic_head.num_queries`'),
    # ... swallowed by **kwargs, ...
    ('default_hooks = dict(checkpoint=dict(intervall=9))',
     'did you mean `default_hooks.checkpoint.interval`'),
    # ... handed on by a transform, ...
    ("train_dataloader = dict(dataset=dict(labeled=dict(pipeline=[dict(type='RandomResize', "
     "scale='image_size', ratio_range='scale_jitter', keep_ration=True)])))",
     'pipeline.0.keep_ratio`'),
    # ... of torch's classes.
    ('optim_wrapper = dict(type="OptimWrapper", optimizer=dict(weight_deccay=0.1))',
     'did you mean `optim_wrapper.optimizer.weight_decay`'),
    ('default_hooks = dict(teacher=dict(momentum="slow"))',
     "teacher.momentum = 'slow': give a number"),
    ('model = dict(ramp_up=None)', 'model.ramp_up = None: give a whole number'),
    # Variables.
    ('ddtf = dict(class_thr=0.9)', f'did you mean `{HOOKS}.ddtf`'),
    ('batch, max_iters = 4, 10', '`batch` is read by nothing'),
    ('if True:\n    image_sise = (9, 9)', 'did you mean `image_size`'),
]


def test_a_setting_or_variable_of_a_file_that_nothing_reads_is_refused(load) -> None:
    for text, message in FILES:
        with pytest.raises(ValueError) as error:
            load(text)
        assert message in str(error.value), text
        assert 'is read by nothing' not in message or 'mine.py' in str(error.value)


def test_variables_that_the_files_use_are_read(base_file, tmp_path) -> None:
    (tmp_path / 'parent.py').write_text(
        f'_base_ = {str(base_file)!r}\nmine = 2.0\ntheirs = 3\n_private = 4\n'
        'model = dict(sup_weight=mine)')
    (tmp_path / 'child.py').write_text(
        "_base_ = ['./parent.py']\nmodel = dict(unsup_weight=_base_.theirs + 1.0)")
    cfg = load_config(tmp_path / 'child.py')
    assert (cfg.model.sup_weight, cfg.model.unsup_weight) == (2.0, 4.0)
    with pytest.raises(ValueError, match='`theirs` is read by nothing .*parent.py'):
        load_config(tmp_path / 'parent.py')
    (tmp_path / 'parent.json').write_text(f'{{"_base_": "{base_file}", "theirs": 3}}')
    with pytest.raises(ValueError, match='`theirs` is read by nothing .*parent.json'):
        load_config(tmp_path / 'parent.json')


def test_a_base_folder_may_offer_variables(base_file, tmp_path) -> None:
    folder = tmp_path / '_base_' / 'views'
    folder.mkdir(parents=True)
    (folder / 'some.py').write_text(f'_base_ = {str(base_file)!r}\nviews = []')
    (tmp_path / 'child.py').write_text("_base_ = './_base_/views/some.py'")
    assert 'views' not in load_config(tmp_path / 'child.py')


def test_configs_of_mmdet_pass(tmp_path: Path) -> None:
    path = tmp_path / 'plain.py'
    for name in ('mask_rcnn/mask-rcnn_r50_fpn_1x_coco',
                 'mask2former/mask2former_r50_8xb2-lsj-50e_coco',
                 'condinst/condinst_r50_fpn_ms-poly-90k_coco_instance'):
        path.write_text(f"_base_ = 'mmdet::{name}.py'")
        assert 'dataset_type' not in load_config(path)
    # What mmengine writes out keeps mmdet's variables; such a file is taken as it is.
    path.write_text("dataset_type = 'CocoDataset'\nmodel = dict(type='FCOS')")
    assert load_config(path).model.type == 'FCOS'


NUMBERS = [
    (dict(value=2, low=0, high=1), 'x = 2: give a number in [0, 1]'),
    (dict(value=0, low=0, open_low=True), 'x = 0: give a number > 0'),
    (dict(value=1, low=0, high=1, open_high=True), 'x = 1: give a number >= 0 and < 1'),
    (dict(value=1.5, whole=True), 'x = 1.5: give a whole number'),
    (dict(value=True), 'x = True: give a number'),
    (dict(value='1'), "x = '1': give a number"),
    (dict(value=None), 'x = None: give a number'),
    (dict(value=float('nan')), 'x = nan: give a number'),
]


def test_numbers_out_of_range_are_refused() -> None:
    assert check_range('x', 1, 0, 1) == 1
    for settings, message in NUMBERS:
        with pytest.raises(ValueError) as error:
            check_range('x', **settings)
        assert str(error.value) == message
