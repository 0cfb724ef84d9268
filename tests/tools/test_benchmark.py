"""The benchmarks measure what they say; no test asserts a time."""

import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from toy import toy_config
from toy_box_teacher import box_config
from toy_mask_rcnn import toy_mask_rcnn

CPU = torch.device('cpu')


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    """Import the benchmarks' modules as their scripts do."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / 'benchmarks'))


def small_cases():
    """Each kind of case, in small."""
    import box_teacher
    import offline
    import pais
    import ranks
    import stage
    return dict(
        stage=stage.stage(20, 6, 256, 3, CPU), knet=pais.knet(20, 6, 256, 3, CPU),
        mask_rcnn=pais.mask_rcnn(256, 3, 12, CPU), pairwise=box_teacher.pairwise(4, 20, 30, CPU),
        ranking=ranks.ranking(32, CPU), bank=ranks.bank(32, CPU),
        thresholds=offline.class_thresholds(2000, 4, 500))


def test_both_ways_agree_and_are_printed(capsys):
    from compare import compare
    for name, case in small_cases().items():
        compare(case, 1, CPU)
        lines = [line for line in capsys.readouterr().out.splitlines() if line]
        assert lines[0].startswith(case.title), name
        assert [line.split()[0] for line in lines[1:]] == [*case.ways, 'ratio'], name


def test_memory_is_the_peak_not_the_end():
    from measure import run_tracking_memory

    def function():
        temporary = torch.ones(1000, 1000)
        return temporary.sum(0)

    _, peak = run_tracking_memory(function, CPU)
    assert 4_000_000 <= peak < 4_200_000


def test_a_difference_is_not_passed_over():
    from stage import stage
    case = stage(10, 4, 256, 2, CPU)
    mine, theirs = (way() for way in case.ways.values())
    case.agree(mine, theirs)
    theirs['masks'] = theirs['masks'] + 1
    with pytest.raises(AssertionError, match='masks'):
        case.agree(mine, theirs)


@pytest.mark.parametrize('config_of, hook', [(toy_config, 'pmua'), (box_config, 'assign')])
def test_the_full_step_on_generated_data(config_of, hook, tmp_path, capsys, monkeypatch):
    import step
    config = config_of(tmp_path, val=True)
    config['default_hooks'].update(
        statistics=dict(type='PseudoLabelStatisticsHook', interval=2,
                        hidden_ann_file='missing.json'),
        guard=dict(type='TrainingGuardHook'))
    Config(config).dump(str(tmp_path / 'config.py'))
    monkeypatch.setattr(Config, 'pretty_text', 'a toy config')
    monkeypatch.setattr(sys, 'argv', [
        'step.py', str(tmp_path / 'config.py'), '--synthetic', '--iters', '4', '--device', 'cpu',
        '--survivors', '2', '--workers', '0'])
    step.main()
    text = capsys.readouterr().out
    for part in ('4 images', 'ratio', 'backward', 'TeacherEMAHook', 'PseudoLabelStatisticsHook',
                 hook, 'peak memory'):
        assert part in text


def test_generation_prints_each_preset(capsys):
    from offline import benchmark_generation
    pipeline = [dict(type='Resize', scale=(64, 64), keep_ratio=True)]
    model = toy_mask_rcnn().to_dict()
    benchmark_generation(
        Config(dict(model=model, test_dataloader=dict(dataset=dict(pipeline=pipeline)))), 1, CPU)
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert [line.split()[0] for line in lines] == [
        'Generation,', 'plain', 'none', 'fast', 'paper']
