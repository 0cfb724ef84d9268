"""The supervised baseline of any config."""

from typing import Any

from mmengine.config import Config, ConfigDict

from .batch import SOURCES

REMOVED = ('unlabeled', 'pseudo')
PLAIN_TYPE = 'SemiInstanceSegmentor'
# Methods that are a SemiInstanceSegmentor as long as no image is without labels.
ALIASES = ('GuidedDistillation', 'PAIS', 'PLDC')


def make_supervised(cfg: Config) -> None:
    """Turn a config into its supervised baseline, in place.

    Images without labels and with pseudo labels leave the data set and the batch; those with
    boxes stay. No pseudo-label hook is built, and the student predicts: burn-in lasts to the end
    (see :func:`apply_schedule`). ``auto_scale_lr.base_batch_size`` shrinks with the batch. Then
    the settings in ``cfg.supervised`` are merged, and the key is taken out.

    Args:
        cfg: any config.

    Raises:
        ValueError: if ``supervised`` is no dict, or nothing is left to learn from.
    """
    own = cfg.pop('supervised', None) or {}
    if not isinstance(own, dict):
        raise ValueError(f'supervised = {own!r}: give a dict of settings, such as '
                         'supervised = dict(schedule=dict(max_iters=1000))')
    _remove_sources(cfg)
    if 'detector' in (cfg.get('model') or {}):
        _let_student_predict(cfg)
    cfg.pop('self_training', None)
    for key, value in own.items():
        # One by one: a dotted key and a dict may both begin with the same name.
        cfg.merge_from_dict({key: _plain(value)})


def _remove_sources(cfg: Config) -> None:
    """Take out the sources without true labels, and their share of the batch."""
    loader = cfg.get('train_dataloader') or {}
    dataset, sampler = loader.get('dataset') or {}, loader.get('batch_sampler') or {}
    before = _batch(sampler)
    for part in (dataset, sampler):
        for name in REMOVED:
            part.pop(name, None)
    after = _batch(sampler)
    if after == before:
        return
    if not after:
        raise ValueError('the supervised baseline has nothing to learn from: '
                         'train_dataloader.dataset has neither `labeled` nor `boxes`')
    scaling = cfg.get('auto_scale_lr') or {}
    if scaling.get('base_batch_size'):
        scaling.base_batch_size = round(scaling.base_batch_size * after / before)
    if 'batch_size' in loader:
        loader.batch_size = after


def _batch(sampler: ConfigDict) -> int:
    """Images per rank."""
    return sum(sampler.get(name) or 0 for name in SOURCES)


def _let_student_predict(cfg: Config) -> None:
    """No pseudo labels, and the student in place of the teacher, which learns nothing."""
    model = cfg.model
    if model.type in ALIASES:
        model.type = PLAIN_TYPE
    model.pseudo_label_hooks = ConfigDict()
    model.predict_on = 'student'
    if (cfg.get('val_cfg') or {}).get('type') == 'SemiValLoop':
        cfg.val_cfg.predict_on = 'student'
    checkpoint = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    if isinstance(checkpoint.get('save_best'), str):
        checkpoint.save_best = checkpoint.save_best.replace('teacher/', 'student/')


def _plain(node: Any) -> Any:
    """The same in plain dicts: merging takes out ``_delete_``."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    return node
