"""The benchmark measures what it says; no test asserts a time."""

import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from toy import toy_config
from toy_box_teacher import box_config
from toy_pais import pais_config

TOOLS = Path(__file__).parents[2] / 'tools' / 'analysis_tools'


@pytest.fixture
def tools(monkeypatch):
    """Import the benchmark's modules as its script does."""
    monkeypatch.syspath_prepend(str(TOOLS))


def test_memory_is_the_peak_not_the_end(tools):
    from measure import run_tracking_memory

    def function():
        temporary = torch.ones(1000, 1000)
        return temporary.sum(0)

    result, peak = run_tracking_memory(function, torch.device('cpu'))
    assert result.shape == (1000,)
    assert 4_000_000 <= peak < 4_200_000


def test_a_stopwatch_tells_work_from_waiting(tools):
    import time

    from measure import Span, Stopwatch, median_span
    watch = Stopwatch(torch.device('cpu'))
    time.sleep(0.05)
    span = watch.read()
    assert span.wall > span.processor
    assert median_span([Span(1, 5), Span(3, 4), Span(2, 9)]) == Span(2, 5)


def test_both_pipelines_agree_and_both_lines_are_printed(tools, capsys):
    from benchmark_stage import benchmark_stage
    benchmark_stage(size=256, num_queries=20, num_classes=6, survivors=3, iters=1,
                    device=torch.device('cpu'))
    lines = capsys.readouterr().out.splitlines()
    assert '3 pseudo labels' in lines[1]
    assert [line.split()[0] for line in lines[2:]] == ['mmssis', 'released', 'ratio']


@pytest.mark.parametrize('field', ['labels', 'class_scores', 'mask_scores', 'masks'])
def test_a_difference_is_not_passed_over(tools, field):
    from benchmark_stage import check_equal, load_reference, make_logits, ours
    logits = make_logits(10, 4, 256, 2, torch.device('cpu'))
    mine = ours(*logits, (256, 256))
    theirs = load_reference().released_pseudo_labels(*logits, (256, 256), .85, .9, 5)
    assert len(mine) == 2
    check_equal(mine, theirs)
    theirs[field] = theirs[field] + 1
    with pytest.raises(AssertionError, match=field):
        check_equal(mine, theirs)


def test_pais_agrees_with_the_released_order_and_both_models_are_printed(tools, capsys):
    from benchmark_pais import benchmark_pais
    benchmark_pais(size=256, num_queries=20, num_classes=6, survivors=3, num_rois=12, iters=1,
                   device=torch.device('cpu'))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines if line.startswith('PAIS')] == ['K-Net,', 'Mask']
    assert sum(line.split()[:1] == ['ratio'] for line in lines) == 2


def test_pais_masks_in_the_wrong_place_are_not_passed_over(tools):
    from benchmark_pais import least_overlap
    mask = torch.zeros(1, 8, 8, dtype=torch.bool)
    mask[0, 2:6, 2:6] = True
    labels = torch.tensor([0])
    assert least_overlap((labels, mask), (labels, mask.float())) == 1
    with pytest.raises(AssertionError, match='overlap by 0.6'):
        least_overlap((labels, mask), (labels, mask.roll(1, 2)))


def test_a_missing_reference_is_explained(tools, monkeypatch, tmp_path):
    import benchmark_stage
    monkeypatch.setattr(benchmark_stage, 'REFERENCE', tmp_path)
    with pytest.raises(FileNotFoundError, match='source checkout'):
        benchmark_stage.load_reference()


@pytest.mark.parametrize('kind, hook', [
    ('mask2former', 'MaskUncertainty'), ('knet', 'AligningWeights'),
    ('mask-rcnn', 'AligningWeights'), ('boxes', 'AssignToBoxes')])
def test_the_full_step_on_generated_data(kind, hook, tools, tmp_path, capsys, monkeypatch):
    import benchmark
    own = dict(mask2former=toy_config, boxes=box_config)
    config = own.get(kind, partial(pais_config, kind=kind))(tmp_path, val=True)
    config['custom_hooks'] += [
        dict(type='PseudoLabelStatisticsHook', interval=2, hidden_ann_file='missing.json'),
        dict(type='TrainingGuardHook')]
    config['default_hooks'] = dict(checkpoint=dict(type='CheckpointHook'))
    Config(config).dump(str(tmp_path / 'config.py'))
    monkeypatch.setattr(Config, 'pretty_text', 'a toy config')
    monkeypatch.setattr(sys, 'argv', [
        'benchmark.py', str(tmp_path / 'config.py'), '--part', 'step', '--synthetic', '--iters',
        '4', '--device', 'cpu', '--survivors', '2', '--workers', '0'])
    benchmark.main()
    text = capsys.readouterr().out
    for part in ('4 images', 'ratio', 'backward', 'TeacherEMAHook', 'PseudoLabelStatisticsHook',
                 hook, 'peak memory'):
        assert part in text


def test_offline_parts_print_their_lines(tools, capsys):
    from benchmark_offline import benchmark_class_thresholds, benchmark_generation
    from models.roi_heads.toy_mask_rcnn import toy_mask_rcnn
    benchmark_class_thresholds(2000, 4, 500, iters=1)
    pipeline = [dict(type='Resize', scale=(64, 64), keep_ratio=True)]
    model = toy_mask_rcnn().to_dict()
    benchmark_generation(
        Config(dict(model=model, test_dataloader=dict(dataset=dict(pipeline=pipeline)))), 1,
        torch.device('cpu'))
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert [line.split()[0] for line in lines] == [
        'Class', 'mmssis', 'released', 'ratio', 'Generation,', 'plain', 'none', 'fast', 'paper']


def test_the_pairwise_loss_is_compared_with_its_unfolded_form(tools, capsys):
    from benchmark_box_teacher import benchmark_box_teacher
    benchmark_box_teacher(4, 20, 30, 1, torch.device('cpu'))
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert [line.split()[0] for line in lines[-3:]] == ['mmssis', 'unfold', 'ratio']


def test_ranks_agree_and_both_comparisons_are_printed(tools, capsys):
    from benchmark_ranks import benchmark_ranks
    benchmark_ranks(size=32, iters=1, device=torch.device('cpu'))
    lines = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line]
    assert lines == ['Ranking', 'mmssis', 'released', 'ratio', 'Update', 'mmssis', 'host', 'ratio']
