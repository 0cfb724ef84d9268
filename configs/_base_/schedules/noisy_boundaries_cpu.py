"""Noisy Boundaries on a CPU: 600 updates; optimizer and steps as `pais_cpu.py`."""
_base_ = './pais_cpu.py'

optim_wrapper = dict(constructor='DefaultOptimWrapperConstructor')
val_cfg = dict(type='ValLoop')
default_hooks = dict(
    checkpoint=dict(save_best='coco/segm_mAP'),
    statistics=None,
    guard=None,
    burn_in=None,
    teacher=None,
    invalid_loss=dict(type='CheckInvalidLossHook', interval=20))
