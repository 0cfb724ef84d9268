"""Train, resume, evaluate and export with the tools, in the toy world."""

import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict

import numpy as np
import pytest
import torch
from mmdet.apis import inference_detector, init_detector
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from torch import Tensor
from toy import CLASSES, SIZE, toy_config, toy_model

from mmssis.engine.checkpoint import read_checkpoint

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def write_config(root: Path, **changes: object) -> Path:
    """Write the toy config with a test set as ``toy.py``; returns its path."""
    settings = toy_config(root, val=True)
    settings['model']['pseudo_label_hooks']['ddtf'].update(class_thr=0.05)
    for part in ('dataloader', 'evaluator'):
        settings[f'test_{part}'] = settings[f'val_{part}']
    settings['test_cfg'] = dict(type='TestLoop')
    settings['default_hooks']['checkpoint'].update(
        interval=2, backend_args=dict(backend='atomic'))
    settings.update(changes)
    path = root / 'toy.py'
    Config(settings).dump(path)
    return path


def weights(path: Path) -> Dict[str, Tensor]:
    """Read a state dict, trusting nothing in the file."""
    return read_checkpoint(path)['state_dict']


@pytest.fixture(scope='module')
def trained(tmp_path_factory, run_tool: Callable) -> Path:
    """Root of a finished toy run; checkpoints of iterations 2 and 4 in ``work``."""
    root = tmp_path_factory.mktemp('trained')
    run_tool('train.py', write_config(root), '--work-dir', root / 'work')
    return root


def read_metrics(root: Path) -> Dict[str, Dict[str, float]]:
    return json.loads((root / 'test_metrics.json').read_text())


def test_training_leaves_checkpoints_and_no_rest(trained: Path) -> None:
    names = sorted(path.name for path in (trained / 'work').glob('*.p*th'))
    assert names == ['iter_2.pth', 'iter_4.pth']
    assert not list((trained / 'work').glob('.*.partial'))
    assert (trained / 'work' / 'last_checkpoint').read_text().endswith('iter_4.pth')


def test_resume_passes_over_a_torn_checkpoint_and_repeats_the_run(
        trained: Path, tmp_path: Path, run_tool: Callable) -> None:
    work = tmp_path / 'work'
    work.mkdir()
    shutil.copy(trained / 'work/iter_2.pth', work)
    torn = (trained / 'work/iter_4.pth').read_bytes()
    (work / 'iter_4.pth').write_bytes(torn[:len(torn) // 2])
    (work / 'last_checkpoint').write_text('')
    run_tool('train.py', trained / 'toy.py', '--work-dir', work, '--resume')
    expected, repeated = weights(trained / 'work/iter_4.pth'), weights(work / 'iter_4.pth')
    assert expected.keys() == repeated.keys()
    for name, value in expected.items():
        assert torch.equal(value, repeated[name]), name


def test_train_refuses_what_cannot_work(trained: Path, run_tool: Callable, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    for options, message in ((['--resume', 'gone.pth'], 'gone.pth: that file does not exist'),
                             (['--amp'], '--amp needs a GPU'),
                             (['--auto-scale-lr'], 'auto_scale_lr = dict')):
        with pytest.raises(SystemExit, match=message):
            run_tool('train.py', trained / 'toy.py', '--work-dir', trained / 'refused', *options)


def test_the_resolved_config_is_printed_and_nothing_is_built(
        tmp_path: Path, run_tool: Callable, capsys) -> None:
    config = write_config(tmp_path, model=dict(toy_model(), unsup_weight=3.25))
    run_tool('train.py', config, '--supervised', '--print-config', '--work-dir', tmp_path / 'none')
    printed = capsys.readouterr().out
    assert 'unsup_weight=3.25' in printed and 'ann_file=\'annotations/unlabeled' not in printed
    assert not (tmp_path / 'none').exists()


def test_the_supervised_baseline_is_kept_apart_and_its_rate_scaled_to_its_batch(
        tmp_path: Path, run_tool: Callable) -> None:
    # The toy's rate is 1e-3; 2 of its 4 images are labeled, and so 4 of the 8 of the rate.
    config = write_config(tmp_path, auto_scale_lr=dict(enable=False, base_batch_size=8))
    run_tool('train.py', config, '--supervised', '--auto-scale-lr')
    checkpoint = read_checkpoint(tmp_path / 'work_dir_supervised/iter_4.pth')
    assert {group['lr'] for group in checkpoint['optimizer']['param_groups']} == {0.5e-3}


@pytest.mark.slow
def test_gap_2_30_evaluating_both_does_not_change_who_predicts(
        trained: Path, tmp_path: Path, run_tool: Callable) -> None:
    checkpoint = trained / 'work/iter_4.pth'
    results = {}
    for who in ('both', 'student', 'teacher'):
        default = [] if who == 'teacher' else ['--predict-on', who]
        run_tool('test.py', trained / 'toy.py', checkpoint, '--work-dir', tmp_path,
                 '--out', tmp_path / f'{who}.pkl', *default)
        results[who] = read_metrics(tmp_path)
    assert results['both'] == {**results['teacher'], **results['student']}
    assert 'coco/segm_mAP' in results['teacher']['teacher']
    for who in ('teacher', 'student'):
        alone, together = tmp_path / f'{who}.pkl', tmp_path / f'both.{who}.pkl'
        assert alone.stat().st_size == together.stat().st_size > 0


def test_evaluation_refuses_weights_of_another_model(
        trained: Path, tmp_path: Path, run_tool: Callable) -> None:
    config = Config.fromfile(trained / 'toy.py')
    config.model.detector.panoptic_head.num_queries = 9
    config.dump(tmp_path / 'other.py')
    with pytest.raises(SystemExit, match='query_embed.weight is .6, 32. in the checkpoint, .9, 32'):
        run_tool('test.py', tmp_path / 'other.py', trained / 'work/iter_4.pth', '--work-dir',
                 tmp_path)


@pytest.fixture(scope='module')
def exported(trained: Path, run_tool: Callable) -> Path:
    """Checkpoint exported from the toy run."""
    out = trained / 'exported' / 'detector.pth'
    run_tool('model_converters/export_teacher.py', trained / 'toy.py',
             trained / 'work/iter_4.pth', out)
    return out


def test_gap_2_23_exported_teacher_is_plain_small_and_predicts_the_same(
        trained: Path, exported: Path) -> None:
    checkpoint = torch.load(exported, weights_only=True)
    assert set(checkpoint) == {'state_dict', 'meta'}
    assert checkpoint['meta']['dataset_meta']['classes'] == CLASSES
    assert exported.stat().st_size < 0.5 * (trained / 'work/iter_4.pth').stat().st_size

    semi = MODELS.build(toy_model())
    load_checkpoint(semi, str(trained / 'work/iter_4.pth'))
    plain = init_detector(str(exported.with_suffix('.py')), str(exported), device='cpu')
    assert type(plain.panoptic_head).__name__ == 'Mask2FormerHead'
    assert 'mmssis' not in exported.with_suffix('.py').read_text()
    assert not [each for each in plain.modules() if type(each).__module__.startswith('mmssis')]
    image = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)
    found = inference_detector(plain, image).pred_instances
    semi.cfg, semi.dataset_meta = plain.cfg, plain.dataset_meta
    expected = inference_detector(semi.eval(), image).pred_instances
    assert len(found) > 0
    for field in ('scores', 'labels', 'masks', 'bboxes'):
        assert torch.equal(found[field], expected[field]), field


def test_export_drops_every_setting_that_mmdet_lacks(
        trained: Path, tmp_path: Path, run_tool: Callable) -> None:
    head = MODELS.get('WeightedMask2FormerHead')
    own = [name for name, parameter in inspect.signature(head).parameters.items()
           if parameter.kind is parameter.KEYWORD_ONLY]
    config = Config.fromfile(trained / 'toy.py')
    settings = dict(
        dict.fromkeys(own, True), boundary_map=dict(scale=3.0), mask_divisor='mmdet')
    config.model.detector.panoptic_head.update(settings)
    config.dump(tmp_path / 'toy.py')
    run_tool('model_converters/export_teacher.py', tmp_path / 'toy.py',
             trained / 'work/iter_4.pth', tmp_path / 'plain.pth')
    written = Config.fromfile(tmp_path / 'plain.py').model.panoptic_head
    assert own and not set(own) & set(written)


def test_exported_checkpoint_can_be_evaluated_as_it_is(
        trained: Path, exported: Path, tmp_path: Path, run_tool: Callable, capsys) -> None:
    run_tool('test.py', trained / 'toy.py', exported, '--work-dir', tmp_path)
    by_semi = read_metrics(tmp_path)['teacher']
    assert 'Exported checkpoint' in capsys.readouterr().out
    run_tool('test.py', exported.with_suffix('.py'), exported, '--work-dir', tmp_path)
    assert read_metrics(tmp_path)['detector'] == by_semi
    for config, who in ((trained / 'toy.py', 'both'), (exported.with_suffix('.py'), 'student')):
        with pytest.raises(SystemExit, match=f'--predict-on {who}: '):
            run_tool('test.py', config, exported, '--work-dir', tmp_path, '--predict-on', who)


def test_gap_2_22_a_key_that_contains_student_does_not_hide_a_plain_checkpoint(
        exported: Path) -> None:
    state = torch.load(exported, weights_only=True)['state_dict']
    state['student_proj.weight'] = torch.zeros(1)
    model = MODELS.build(toy_model())
    report = model.load_state_dict(state, strict=False)
    assert not report.missing_keys
    assert set(report.unexpected_keys) == {'student.student_proj.weight',
                                           'teacher.student_proj.weight'}


def test_export_refuses_what_holds_no_teacher(exported: Path, trained: Path, tmp_path: Path,
                                              run_tool: Callable) -> None:
    tool = 'model_converters/export_teacher.py'
    with pytest.raises(SystemExit, match='holds no teacher; is it an exported one'):
        run_tool(tool, trained / 'toy.py', exported, tmp_path / 'out.pth')
    with pytest.raises(SystemExit, match='no teacher to export'):
        run_tool(tool, exported.with_suffix('.py'), exported, tmp_path / 'out.pth')


@pytest.mark.slow
@pytest.mark.ddp
def test_two_cpu_processes_train_and_evaluate(tmp_path: Path, trained: Path) -> None:
    env = dict(os.environ, PYTHON=sys.executable, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='',
               PORT=str(29600 + os.getpid() % 300))
    config, work = trained / 'toy.py', tmp_path / 'work'

    def run(*command: object) -> str:
        done = subprocess.run(['bash', *map(str, command)], env=env, text=True, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout
        return done.stdout

    run(TOOLS / 'dist_train.sh', config, 2, '--work-dir', work)
    # Two ranks of two images each see other data than one rank: the weights must differ.
    alone, together = weights(trained / 'work/iter_4.pth'), weights(work / 'iter_4.pth')
    name = 'student.panoptic_head.cls_embed.weight'
    assert not torch.equal(alone[name], together[name])
    output = run(TOOLS / 'dist_test.sh', config, work / 'iter_4.pth', 2, '--work-dir', work,
                 '--predict-on', 'both')
    assert set(read_metrics(work)) == {'teacher', 'student'}
    assert output.count('Written to') == 1
