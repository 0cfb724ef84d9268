"""BoxTeacher on a CPU: 600 updates with AdamW as `pais_cpu.py`, but without burn-in."""
_base_ = './pais_cpu.py'

burn_in = 0
statistics = dict(
    type='PseudoLabelStatisticsHook', interval=20,
    hidden_ann_file='data/animals/annotations/instances_train.json')
custom_hooks = [*_base_.run_hooks[:3], statistics, _base_.run_hooks[-1], _base_.pais_ema]
