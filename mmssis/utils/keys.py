"""The top-level keys of a config that are read."""

from typing import Dict, Tuple

# Those of mmssis, with their own keys.
OWN_KEYS: Dict[str, Tuple[str, ...]] = dict(
    data_set=('root', 'classes', 'labeled', 'boxes', 'unlabeled', 'val', 'test', 'image_dirs',
              'hidden', 'splits', 'palette', 'keep_empty'),
    split=('percent', 'fold'),
    schedule=('max_iters', 'burn_in', 'val_interval'),
    image_size=(),
    crop_size=(),
    scale_jitter=(),
    num_queries=(),
    image_loading=('max_pixels', 'bits'),
    supervised=(),
    self_training=('preset', 'box_thr', 'pixel_thr', 'score_floor', 'max_per_image',
                   'on_unreadable', 'workers', 'amp'))

# Those of mmengine and mmdet. Keys of some dicts without a type, which they may lack.
RUNNER_KEYS: Dict[str, Tuple[str, ...]] = dict(
    model=(), work_dir=(), train_dataloader=(), val_dataloader=(), test_dataloader=(),
    train_cfg=('by_epoch', 'max_epochs', 'max_iters', 'val_interval', 'val_begin',
               'dynamic_intervals'),
    val_cfg=('fp16', ), test_cfg=('fp16', ), auto_scale_lr=('enable', 'base_batch_size'),
    optim_wrapper=('type', 'constructor', 'optimizer', 'paramwise_cfg', 'clip_grad',
                   'accumulative_counts', 'loss_scale'),
    param_scheduler=(), val_evaluator=(), test_evaluator=(), default_hooks=(), custom_hooks=(),
    data_preprocessor=(), load_from=(), resume=(), launcher=(),
    env_cfg=('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'),
    log_processor=('by_epoch', 'window_size', 'custom_cfg', 'num_digits', 'log_with_hierarchy',
                   'mean_pattern'),
    log_level=(), visualizer=(), default_scope=(),
    randomness=('seed', 'diff_rank_seed', 'deterministic'), experiment_name=(),
    custom_imports=(), model_wrapper_cfg=(), sync_bn=(), find_unused_parameters=(),
    activation_checkpointing=(), efficient_conv_bn_eval=(), compile=(), runner_type=(),
    tta_model=(), tta_pipeline=())

# Dicts whose keys a user may choose.
OPEN = ('metainfo', 'custom_keys', 'data_prefix', 'meta', 'backend_args', 'env_cfg', 'mp_cfg',
        'dist_cfg', 'class_map', 'init_cfg', 'paramwise_cfg', 'filter_cfg', 'clip_grad',
        'custom_cfg', 'tta_cfg')

# Names of others, and the key that is meant.
ALIASES = dict(
    data_root='data_set.root', dataset_root='data_set.root', num_classes='data_set.classes',
    metainfo='data_set.classes', batch_size='train_dataloader.batch_sampler.labeled',
    img_scale='image_size', max_epochs='schedule.max_iters')
