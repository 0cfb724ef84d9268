"""Settings of a wrong kind or out of their range are refused by their key, files by their name."""

import pytest
from toy_data import write_json

from mmssis.utils import load_config
from mmssis.utils.num_classes import resize_class_weight

HEAD = 'model.detector.panoptic_head'
REFUSED = [
    ('a number as text', "optim_wrapper = dict(optimizer=dict(lr='0.1'))", 'optimizer.lr'),
    ('nothing is learned', 'optim_wrapper = dict(optimizer=dict(lr=0))', 'lr = 0: give a num'),
    ('not finite', "optim_wrapper = dict(optimizer=dict(lr=float('inf')))", 'optimizer.lr = inf'),
    ('NaN anywhere', "custom_hooks = [dict(type='EMAHook', gamma=float('nan'))]", '0.gamma = nan'),
    ('no length', 'train_cfg = dict(max_iters=0)', 'train_cfg.max_iters = 0'),
    ('validates always', 'train_cfg = dict(val_interval=-1)', 'val_interval = -1'),
    ('never saves', 'default_hooks = dict(checkpoint=dict(interval=0))',
     'checkpoint.interval = 0: give a whole number >= 1, or -1 for never'),
    ('keeps none', 'default_hooks = dict(checkpoint=dict(max_keep_ckpts=0))', 'or -1 for all'),
    ('a pair', "model = dict(pseudo_label_hooks=dict(a=dict(type='AdaptiveThresholdFilter', "
     'num_classes=3, class_range=.5)))', 'hooks.a.class_range = 0.5: give Tuple[float, float]'),
    ('a bool for a number', 'model = dict(unsup_weight=True)', 'model.unsup_weight = True'),
    ('a list of hooks', 'default_hooks = []', 'default_hooks = []: give a dict of name'),
    ('hook without type', 'default_hooks = dict(x=dict(y=1))', "default_hooks.x = {'y': 1}: it la"),
    ('hook as text', "default_hooks = dict(x='EMAHook')", "default_hooks.x = 'EMAHook': give a d"),
    ('a dict of hooks', "custom_hooks = dict(type='EMAHook')", 'custom_hooks = {'),
    ('text in a list', "custom_hooks = ['EMAHook']", "custom_hooks.0 = 'EMAHook'"),
    ('unknown type', "optim_wrapper = dict(optimizer=dict(type='AdamWW'))", "did you mean 'AdamW'"),
    ('unknown constructor', "optim_wrapper = dict(constructor='x')", "constructor = 'x' is no"),
    ('no optimizer', 'optim_wrapper = dict(_delete_=True)', 'lacks optimizer'),
    ('unknown backend', "default_hooks = dict(checkpoint=dict(backend_args=dict(backend='x')))",
     "backend_args.backend = 'x': give one of"),
    ('unknown level', "log_level = 'LOUD'", "log_level = 'LOUD'"),
    ('misspelt', 'randomness = dict(sed=1)', 'randomness.sed is read by nothing'),
    ('classes of another number', f"{HEAD.partition('.')[0]} = dict(detector=dict(panoptic_head="
     'dict(num_things_classes=2)))', f'{HEAD}.num_things_classes = 2, but the training data'),
    ('weights of another number', 'model = dict(detector=dict(panoptic_head=dict(loss_cls=dict('
     'class_weight=[1., .1]))))', f'{HEAD}.loss_cls.class_weight has 2 numbers: give 4'),
    ('no queries', 'model = dict(detector=dict(panoptic_head=dict(num_queries=0)))',
     f'{HEAD}.num_queries = 0'),
    ('a letter less', 'model = dict(detector=dict(test_cfg=dict(max_per_imge=5)))',
     'max_per_imge stands beside model.detector.test_cfg.max'),
    ('two letters swapped', 'env_cfg = dict(mp_cfg=dict(a1=1, a2=2, method=1, mehtod=2))',
     'mehtod'),
    # Files.
    ('syntax', 'model = dict(', "mine.py, line 2: '(' was never closed"),
    ('fails', '1 / 0', 'mine.py, line 2: ZeroDivisionError'),
]


def test_wrong_settings_are_refused_by_their_key(load) -> None:
    for reason, text, message in REFUSED:
        with pytest.raises(ValueError) as error:
            load(text)
        assert message in str(error.value), reason


def test_none_leaves_a_key_out(load) -> None:
    assert 'schedule' not in load('schedule = None\ndata_set = None\nsplit = None')


BASES = [
    ('missing', "'nosuch.py'", FileNotFoundError, "mine.py: _base_ = 'nosuch.py' is not there"),
    ('shipped, misspelt', "'mmssis::pldc/mask2former_r50_coco10pc.py'", FileNotFoundError,
     'did you mean mmssis::pldc/mask2former_r50_coco10pct.py'),
    ('itself', "['./mine.py']", ValueError, 'leads back to'),
    ('no path', '3', ValueError, '_base_ = 3: give the path'),
    ('no config', "'./text.txt'", ValueError, 'text.txt'),
]


def test_a_base_that_is_none_is_named(tmp_path) -> None:
    (tmp_path / 'text.txt').write_text('x')
    for reason, base, error, message in BASES:
        (tmp_path / 'mine.py').write_text(f'_base_ = {base}')
        with pytest.raises(error) as found:
            load_config(tmp_path / 'mine.py')
        assert message in str(found.value), reason


def test_a_config_without_a_model_is_named(tmp_path) -> None:
    write_json(tmp_path / 'mine.json', dict(work_dir='x'))
    with pytest.raises(ValueError, match='mine.json: the config has no `model`'):
        load_config(tmp_path / 'mine.json')
    with pytest.raises(FileNotFoundError, match='nosuch.py is no config file'):
        load_config(tmp_path / 'nosuch.py')


def test_no_class_weight_is_refused() -> None:
    with pytest.raises(ValueError, match='class_weight is empty'):
        resize_class_weight([], 3)
