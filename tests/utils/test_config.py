"""`load_config`: length, sizes, batch and the supervised baseline are written once."""

import pytest
from mmengine.config import Config, ConfigDict
from toy_knet import knet_config
from toy_pseudo import pseudo_config

from mmssis.utils import load_config
from mmssis.utils.image_loading import apply_image_loading
from mmssis.utils.num_queries import apply_num_queries
from mmssis.utils.schedule import apply_schedule


def test_a_dumped_config_loads_to_itself(load, tmp_path) -> None:
    cfg = load('schedule = dict(max_iters=100)\nhelper = 3\nmodel = dict(unsup_weight=helper)')
    assert 'helper' not in cfg and cfg.model.unsup_weight == 3
    cfg.dump(tmp_path / 'dumped.py')
    assert load_config(tmp_path / 'dumped.py').to_dict() == cfg.to_dict()


def test_schedule_reaches_loop_model_and_scheduler(load) -> None:
    cfg = load('', {'schedule.max_iters': 500, 'schedule.val_interval': 50})
    assert cfg.train_cfg.max_iters == 500 and cfg.model.burn_in == 50
    assert cfg.param_scheduler[1].milestones == [450] and cfg.param_scheduler[1].end == 500
    assert cfg.param_scheduler[0].end == 50, 'a warm-up keeps its length'
    assert cfg.train_cfg.val_interval == cfg.default_hooks.checkpoint.interval == 50


def test_options_of_the_schedule_come_after_the_file(load) -> None:
    text = 'schedule = dict(max_iters=600, burn_in=200)'
    assert load(text).model.burn_in == 200
    cfg = load(text, {'schedule.max_iters': 300})
    assert (cfg.model.burn_in, cfg.train_cfg.max_iters) == (100, 300)
    # Stretched once from the reference length: rounded once.
    assert cfg.param_scheduler[1].milestones == [270]
    assert load(text, {'schedule.burn_in': 0}).schedule == dict(max_iters=600, burn_in=0)


def test_a_burn_in_that_ends_itself_has_no_share_of_the_run(load) -> None:
    text = ("schedule = dict(max_iters=600, burn_in='auto')\n"
            "default_hooks = dict(burn_in=dict(type='BurnInHook'))")
    cfg = load(text, {'schedule.max_iters': 300})
    assert (cfg.model.burn_in, cfg.train_cfg.max_iters) == ('auto', 300)
    assert load(text, {'schedule.burn_in': 20}).model.burn_in == 20
    assert load(text, supervised=True).model.burn_in == 600
    with pytest.raises(ValueError, match='default_hooks.burn_in is left out'):
        load(text, {'default_hooks.burn_in': None})


def test_the_schedule_nearest_to_the_user_counts(base_file, tmp_path) -> None:
    (tmp_path / 'shipped.py').write_text(
        f'_base_ = {str(base_file)!r}\nschedule = dict(burn_in=50)\n'
        'supervised = dict(schedule=dict(max_iters=300))')

    def baseline_of(text: str) -> Config:
        (tmp_path / 'own.py').write_text(f"_base_ = './shipped.py'\n{text}")
        return load_config(tmp_path / 'own.py', supervised=True)

    assert baseline_of('').train_cfg.max_iters == 300
    assert baseline_of('schedule = dict(max_iters=70)').train_cfg.max_iters == 70
    with pytest.raises(ValueError, match='model.burn_in of .*own.py is overwritten by'):
        baseline_of('model = dict(burn_in=7)')


def test_a_cosine_ends_with_the_run() -> None:
    cosine = dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=1000, T_max=950)
    cfg = Config(dict(model=dict(type='A'), train_cfg=dict(max_iters=1000), param_scheduler=cosine))
    apply_schedule(cfg, dict(max_iters=100))
    assert (cfg.param_scheduler.end, cfg.param_scheduler.T_max) == (100, 50)
    with pytest.raises(ValueError, match='a plain A has no burn-in'):
        apply_schedule(cfg, dict(burn_in=5))
    del cfg.train_cfg['max_iters']
    with pytest.raises(ValueError, match='schedule needs train_cfg.max_iters'):
        apply_schedule(cfg, dict(max_iters=5))


WRONG_SCHEDULES = [
    ({'schedule.iters': 5}, "no key 'iters'"),
    ({'schedule.max_iters': 0}, 'max_iters = 0'),
    ({'schedule.max_iters': '2k'}, "max_iters = '2k'"),
    ({'schedule.burn_in': 400000}, 'longer than the run'),
    ({'schedule.burn_in': 'soon'}, "burn_in = 'soon': give a number of iterations, or 'auto'"),
    ({'schedule': 5}, 'give schedule.max_iters'),
]


def test_wrong_schedule_is_refused(load) -> None:
    for options, message in WRONG_SCHEDULES:
        with pytest.raises(ValueError, match=message):
            load('', options)


def test_sizes_reach_pipelines_and_preprocessor(load) -> None:
    cfg = load('', {'image_size': (128, 80), 'scale_jitter': [0.2, 3.0]})
    resize, crop = cfg.train_dataloader.dataset.labeled.pipeline[2:4]
    assert resize.scale == crop.crop_size == (128, 80) and resize.ratio_range == (0.2, 3.0)
    assert cfg.val_dataloader.dataset.pipeline[1].scale == (128, 80)
    pad, = cfg.model.data_preprocessor.data_preprocessor.batch_augments
    assert pad.size == (80, 128), 'height first'
    crop = load('crop_size = (64, 48)').train_dataloader.dataset.labeled.pipeline[3]
    assert crop.crop_size == (64, 48)


WRONG_SIZES = [
    ('', {'image_size': 64}, r'image_size = 64: give \(width'),
    ('', {'image_size': (64, 0.5)}, 'image_size = 0.5: give a whole'),
    ('', {'scale_jitter': (2, 1)}, 'smallest, largest'),
    ('image_size = None', None, "says 'image_size', but the config has no"),
    ('scale_jitter = (1, 2)\ntrain_dataloader = dict(dataset=dict(labeled=dict('
     'pipeline=[])))', None, 'scale_jitter = .*read by nothing'),
]


def test_wrong_sizes_are_refused(load) -> None:
    for text, options, message in WRONG_SIZES:
        with pytest.raises(ValueError, match=message):
            load(text, options)


def test_queries_reach_head_and_predictions(load) -> None:
    detector = load('num_queries = 9').model.detector
    assert detector.panoptic_head.num_queries == detector.test_cfg.max_per_image == 9
    cfg = Config(dict(model=knet_config(), num_queries=7))
    apply_num_queries(cfg)
    assert cfg.model.kernel_head.num_kernels == cfg.model.test_cfg.max_per_img == 7
    with pytest.raises(ValueError, match='a FCOS has no queries'):
        apply_num_queries(Config(dict(model=dict(type='FCOS'), num_queries=7)))


def test_image_loading_reaches_every_loader(load) -> None:
    pipeline = '[dict(type="LoadImageRobust", bits=8), dict(type="PackDetInputs")]'
    cfg = load('image_loading = dict(bits=12)\n' + '\n'.join(
        f'{part}_dataloader = dict(dataset=dict(pipeline={pipeline}))' for part in ('val', 'test')),
        {'image_loading.max_pixels': 999})
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.pipeline[0] == dict(type='LoadImageRobust', bits=12, max_pixels=999)
    with pytest.raises(ValueError, match="image_loading.*'colour'"):
        load('image_loading = dict(colour=3)')
    with pytest.raises(ValueError, match='read by nothing: no pipeline has a LoadImageRobust'):
        apply_image_loading(Config(dict(image_loading=dict(bits=12), model=dict(type='FCOS'))))


def test_the_batch_is_the_sum_of_its_sources(load) -> None:
    loader = load('', {'train_dataloader.batch_sampler.unlabeled': 6}).train_dataloader
    assert loader.batch_size == 8
    for options, message in (
            ({'train_dataloader.batch_size': 3}, 'batch_sampler.labeled = 2, .*change these'),
            ({'train_dataloader.dataset.unlabeled': None}, 'dataset.unlabeled is missing')):
        with pytest.raises(ValueError, match=message):
            load('', options)


def test_the_supervised_baseline(load) -> None:
    text = 'schedule = dict(max_iters=600, burn_in=60)\nsupervised = dict(schedule=dict('\
           'max_iters=500), **{"optim_wrapper.optimizer.lr": 5e-3})'
    plain = load(text)
    assert plain.train_cfg.max_iters == 600 and plain.optim_wrapper.optimizer.lr == 1e-3
    cfg = load(text, {'supervised.optim_wrapper.clip_grad.max_norm': 3}, supervised=True)
    assert cfg.train_cfg.max_iters == cfg.model.burn_in == 500
    assert cfg.param_scheduler[1].milestones == [450]
    assert cfg.optim_wrapper.optimizer.lr == 5e-3 and cfg.optim_wrapper.clip_grad.max_norm == 3
    assert cfg.model.type == 'SemiInstanceSegmentor' and not cfg.model.pseudo_label_hooks
    assert cfg.model.predict_on == cfg.val_cfg.predict_on == 'student'
    assert cfg.default_hooks.checkpoint.save_best == 'student/coco/segm_mAP'
    assert 'unlabeled' not in cfg.train_dataloader.dataset
    assert cfg.train_dataloader.batch_size == 2 and cfg.auto_scale_lr.base_batch_size == 8
    assert load('', {'schedule.max_iters': 10}, supervised=True).model.burn_in == 10
    with pytest.raises(ValueError, match='schedule.burn_in = 5 is read by nothing'):
        load(text, {'schedule.burn_in': 5}, supervised=True)
    with pytest.raises(ValueError, match='which --supervised trains'):
        load(text, {'supervised.schedule.max_iters': 5})


def test_the_baseline_of_boxes_keeps_them(load) -> None:
    cfg = load('''model = dict(type='BoxTeacher')
train_dataloader = dict(
    batch_sampler=dict(labeled=0, boxes=3),
    dataset=dict(labeled=None, boxes=dict(type='BoxLabeledCocoDataset', pipeline=[])))
scale_jitter = None''', supervised=True)
    assert cfg.train_dataloader.batch_size == 3 and cfg.model.type == 'BoxTeacher'
    assert cfg.auto_scale_lr.base_batch_size == round(16 * 3 / 5)


@pytest.fixture
def student(data_root, tmp_path):
    """Path of a student's config with a ``self_training``."""
    config = pseudo_config(tmp_path / 'world', val=True)
    config['train_dataloader']['dataset']['pseudo']['ann_file'] = ''
    config.update(
        test_dataloader=config['val_dataloader'], test_evaluator=config['val_evaluator'],
        self_training=dict(preset='fast', workers=0), data_set=dict(
            root=str(data_root), labeled='labeled.json', unlabeled='more_images',
            val='val.json', image_dirs='images'))
    Config(config).dump(tmp_path / 'student.py')
    return tmp_path / 'student.py'


def test_self_training_reads_the_files_of_the_data_set(student, data_root) -> None:
    cfg = load_config(student)
    assert cfg.self_training == dict(
        preset='fast', workers=0, labeled=str(data_root / 'labeled.json'),
        unlabeled=str(data_root / 'more_images'), image_root=str(data_root / 'more_images'))
    assert cfg.train_dataloader.dataset.pseudo.ann_file == \
        'work_dirs/self_training/student/pseudo/pseudo_labels.json'
    teacher = load_config(student, supervised=True)
    assert 'self_training' not in teacher and teacher.train_dataloader.batch_size == 2
    with pytest.raises(ValueError, match="self_training has no key 'treshold'"):
        load_config(student, {'self_training.treshold': 1})


def test_nothing_learns_from_self_training(load) -> None:
    with pytest.raises(ValueError, match='no source `pseudo`'):
        load('self_training = dict(preset="fast")')


def test_options_in_nested_dicts_are_options(load) -> None:
    cfg = load('', dict(schedule=dict(max_iters=10), model=ConfigDict(unsup_weight=3.0)))
    assert cfg.train_cfg.max_iters == 10 and cfg.model.unsup_weight == 3.0
